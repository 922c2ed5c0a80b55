"""Coding agents, each a small module behind one Protocol."""
