"""What was imported: one row for each file (or line-aligned group of files) of a data set."""

from django.db import models

from knowledge.records.models import Dataset


class Import(models.Model):
    """The present state of one file of a data set: its bytes, its counts, what was refused and how columns were read."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="imports")
    part = models.CharField(max_length=200, blank=True, help_text="which part of the data set; empty = all of it")
    file_name = models.CharField(max_length=400)
    fingerprint = models.CharField(max_length=64, help_text="hash of the bytes and of how they are read")
    receipts = models.JSONField(default=list)
    rows = models.PositiveIntegerField(default=0)
    records = models.PositiveIntegerField(default=0)
    merged = models.PositiveIntegerField(default=0)
    rejected = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    tables = models.JSONField(default=list, help_text="a line for each table of the file: place and counts")
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "part"], name="import_part_once")]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.rows} rows)"
