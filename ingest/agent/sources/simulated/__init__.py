"""A simulated oxide-MBE machine: a real source for demonstrations, tests and load."""
