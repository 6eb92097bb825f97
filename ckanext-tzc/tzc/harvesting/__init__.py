"""Rules of harvests: what is mended, what is the same, a source's own mapping, and whose word counts where two changed a dataset."""
