"""Actions of the workflow room."""
