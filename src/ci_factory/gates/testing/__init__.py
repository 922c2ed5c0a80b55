"""Runs the tests of one tree and compares the results of two."""
