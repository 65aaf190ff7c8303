"""The table of what files said: one row for each receipt, renewed when it is parsed again."""

from django.db import models

from ingest.gateway.models import Receipt


class ParsedFile(models.Model):
    """What a receipt's file says (`document`, the contract's `parse` document), or why it is kept unread."""

    class Status(models.TextChoices):
        """Whether a parser read it."""

        PARSED = "parsed"
        KEPT = "kept"

    receipt = models.ForeignKey(Receipt, on_delete=models.CASCADE, related_name="parsed_files")
    sha256 = models.CharField(max_length=64, blank=True, db_index=True, help_text="empty while the log still grows")
    size = models.BigIntegerField(default=0, help_text="bytes that were there when it was parsed")
    parser = models.CharField(max_length=80, blank=True)
    parser_version = models.CharField(
        max_length=80, blank=True, help_text="of the parser, or of all parsers when none read it"
    )
    status = models.CharField(max_length=10, choices=Status.choices)
    technique = models.CharField(max_length=200, blank=True)
    confidence = models.FloatField(null=True)
    document = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    growing = models.BooleanField(default=False)
    seconds = models.FloatField(default=0, help_text="how long the parser took")
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["receipt"], name="parsed_once")]

    def __str__(self) -> str:
        return f"{self.receipt_id}: {self.status}"
