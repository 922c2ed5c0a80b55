"""ci-factory: tickets go in, scored merge requests come out."""

__version__ = "0.1.0"
