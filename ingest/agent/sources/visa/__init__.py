"""Instruments that answer queries over VISA."""
