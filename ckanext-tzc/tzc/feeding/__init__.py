"""Files that are fed: what a feed is, when it is due, what its columns may become, which old files stay, and how its keys are kept."""
