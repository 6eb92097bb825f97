"""Sources of observations that are asked: one file for each way that they speak; `kinds.KINDS` has them by name."""
