"""Data sets: frozen rows from a query or a table, their splits."""

from analysis.datasets.domain import Column, Dataset, Rows, Target, checked, fingerprint

__all__ = ["Column", "Dataset", "Rows", "Target", "checked", "fingerprint"]
