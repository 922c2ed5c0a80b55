"""The desk of a small lending library."""

__version__ = "1.4.0"
