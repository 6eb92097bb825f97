"""The catalogue's domain: the territory, and what a dataset says of itself."""
