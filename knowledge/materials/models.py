"""Searches that people keep under a name."""

from django.conf import settings
from django.db import models

from eln.accounts.models import Project

MOST_CHARACTERS = 8000


class SavedSearch(models.Model):
    """A search page's address under a name: of one person alone, or shared with the readers of a project."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="searches")
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.CASCADE, related_name="searches")
    name = models.CharField(max_length=120)
    address = models.CharField(max_length=MOST_CHARACTERS, blank=True, help_text="parameters of the search page")
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], condition=models.Q(project=None), name="own_search_once"),
            models.UniqueConstraint(fields=["project", "name"], name="project_search_once"),
        ]

    def __str__(self) -> str:
        return self.name
