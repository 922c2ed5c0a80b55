"""Frozen data: the words the whole factory speaks. Imports nothing of ours."""
