"""Writes logs as instruments do: at a chosen speed, in odd pieces, rotated, truncated, rewritten, on shares that go away."""
