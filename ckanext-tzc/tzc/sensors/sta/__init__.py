"""OGC SensorThings 1.1 (18-088): what an address and its options ask for, without knowing where anything is kept."""
