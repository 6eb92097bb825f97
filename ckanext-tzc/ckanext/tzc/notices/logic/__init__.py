"""Actions of the notices room."""
