"""Actions of the accounts room."""
