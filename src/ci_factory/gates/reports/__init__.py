"""Report files of other tools, read strictly and within bounds. Pure."""
