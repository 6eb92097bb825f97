"""The catalogue room: what a dataset, a partner and an axis say of themselves, and how they are found."""
