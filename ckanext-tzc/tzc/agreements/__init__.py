"""What was agreed when a right was given, in words that programs read, and how the portal signs it."""
