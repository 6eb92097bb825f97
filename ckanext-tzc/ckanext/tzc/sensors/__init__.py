"""Sensors: sources of observations, the store, the standard interface and the pages."""
