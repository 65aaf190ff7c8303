"""Simulated machines: real sources for demonstrations, tests and load."""
