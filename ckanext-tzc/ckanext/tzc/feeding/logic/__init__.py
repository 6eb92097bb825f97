"""Actions and rights of the feeding room."""
