"""Rows that programs on this computer push over HTTP."""
