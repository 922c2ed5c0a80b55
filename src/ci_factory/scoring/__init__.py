"""Gate results to one score and one verdict. Pure."""
