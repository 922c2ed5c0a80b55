"""Readiness, estimates and risk of tickets. Pure."""
