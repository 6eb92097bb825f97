"""The corridor: the few things every room uses, which belong to none."""
