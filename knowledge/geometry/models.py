"""The sites of each stored crystal structure, computed once: what OPTIMADE answers and what finds structures by their sites."""

from django.db import models

from knowledge.records.models import Record


class Geometry(models.Model):
    """Derived from a record's structure; dropping it loses nothing. `digest` tells from which text it was computed."""

    record = models.OneToOneField(Record, primary_key=True, on_delete=models.CASCADE, related_name="geometry")
    digest = models.CharField(max_length=64)
    nsites = models.PositiveIntegerField(
        null=True, blank=True, help_text="sites in the cell; empty if it cannot be read"
    )
    features = models.JSONField(default=list, help_text="OPTIMADE's structure_features")
    hill = models.CharField(
        max_length=400, blank=True, help_text="the cell's content in Hill's order, if it is ordered"
    )
    document = models.TextField(blank=True, help_text="JSON: lattice, positions, species, symmetry operations")
    error = models.CharField(max_length=400, blank=True)

    def __str__(self) -> str:
        return f"{self.record_id}: {self.nsites or self.error}"
