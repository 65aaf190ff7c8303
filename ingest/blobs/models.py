"""What is known of each blob: when its bytes were last hashed again, and how that went."""

from django.db import models


class BlobCheck(models.Model):
    """One blob that a receipt names."""

    class State(models.TextChoices):
        """What the last look found."""

        NEW = "new"
        GOOD = "good"
        DAMAGED = "damaged"
        MISSING = "missing"

    sha256 = models.CharField(primary_key=True, max_length=64)
    size = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    checked = models.DateTimeField(null=True, db_index=True)
    noticed = models.DateTimeField(null=True, help_text="when the damage was found")

    class Meta:
        indexes = [
            models.Index(fields=["state"], name="blob_not_good", condition=models.Q(state__in=["damaged", "missing"]))
        ]
