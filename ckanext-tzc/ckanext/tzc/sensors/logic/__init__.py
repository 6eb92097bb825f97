"""Actions and rights."""
