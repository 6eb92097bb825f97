"""Quality: how findable, accessible and reusable a dataset is, and what would better it."""
