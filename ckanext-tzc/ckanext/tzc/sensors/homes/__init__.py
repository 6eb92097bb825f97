"""Homes and workplaces: meters of persons, what they consent to, their curves, sums of groups."""
