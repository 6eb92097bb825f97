"""Actions of the audit room."""
