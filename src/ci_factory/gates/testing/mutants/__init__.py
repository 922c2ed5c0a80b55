"""Mutants: small faults put into the lines that a change brings, to see whether its tests notice."""
