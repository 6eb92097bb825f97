"""OGC SensorThings 1.1, to read."""
