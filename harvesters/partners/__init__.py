"""One file for each way that partners' catalogues speak."""
