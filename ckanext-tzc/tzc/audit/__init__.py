"""The audit's chain: pure rules of what was recorded and whether it still says so."""
