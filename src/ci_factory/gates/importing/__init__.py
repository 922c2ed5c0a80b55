"""Report files of other jobs to gate results."""
