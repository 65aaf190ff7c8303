"""Samples: what entries are about."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from eln.accounts.models import Project


class Sample(models.Model):
    """A piece of material that is made, measured and passed on."""

    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.PROTECT, related_name="samples")
    name = models.CharField(_("name"), max_length=120)
    formula = models.CharField(_("formula"), max_length=120, blank=True)
    description = models.TextField(_("description"), blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="sample_once"),
            models.UniqueConstraint(fields=["name"], condition=models.Q(project=None), name="open_sample_once"),
        ]
        indexes = [models.Index(fields=["name"], name="sample_name")]

    def __str__(self) -> str:
        return self.name
