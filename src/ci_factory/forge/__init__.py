"""Forges: where tickets come from and merge requests go to."""
