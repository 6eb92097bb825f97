"""Actions of the rights room."""
