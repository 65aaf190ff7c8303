"""Devices that just talk on a serial line."""
