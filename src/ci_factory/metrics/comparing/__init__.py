"""Agents side by side, after standardising what they were given to do."""
