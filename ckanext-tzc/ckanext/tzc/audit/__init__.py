"""Audit: what was done with rights and restricted data, written down so that nobody can change it unseen."""
