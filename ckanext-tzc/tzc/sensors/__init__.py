"""Sensors: what is measured, where and by what; observations in columns, their quality and what they come to by the hour."""
