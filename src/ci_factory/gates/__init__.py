"""Automated gates: what a change brings, measured by tools, judged against its base."""
