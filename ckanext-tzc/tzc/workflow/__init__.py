"""Who does what at a partner, and how a dataset comes to be published."""
