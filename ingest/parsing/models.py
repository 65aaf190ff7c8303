"""What became of each receipt that was parsed."""

from django.db import models

from ingest.gateway.models import Receipt


class ParsedFile(models.Model):
    """One reading of one receipt: the contract's `parse` document; its arrays lie beside the blob."""

    class Status(models.TextChoices):
        """Whether a parser read it."""

        PARSED = "parsed"
        KEPT = "kept"

    receipt = models.ForeignKey(Receipt, on_delete=models.CASCADE, related_name="parsed_files")
    sha256 = models.CharField(max_length=64, blank=True)
    parser = models.CharField(max_length=80, blank=True)
    parser_version = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices)
    technique = models.CharField(max_length=80, blank=True)
    confidence = models.FloatField(null=True, blank=True)
    document = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    started = models.DateTimeField(null=True, blank=True)
    ended = models.DateTimeField(null=True, blank=True)
    growing = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.receipt_id} {self.status}"
