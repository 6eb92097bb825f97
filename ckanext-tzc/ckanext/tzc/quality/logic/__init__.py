"""Actions of the quality room."""
