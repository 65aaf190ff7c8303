"""Topics that people saved on the pages: every version of every text, the newest of each counts."""

from django.conf import settings
from django.db import models


class TopicDocument(models.Model):
    """One version of a topic's schema, or (with `dataset`) of the description of one of its data sets. Never changed."""

    topic = models.CharField(max_length=60)
    dataset = models.CharField(max_length=80, blank=True, help_text="slug of a data set; empty = the schema itself")
    version = models.PositiveIntegerField()
    text = models.TextField(help_text="YAML")
    withdrawn = models.BooleanField(
        default=False, help_text="from here on the topic is what package or folder say, or none"
    )
    note = models.CharField(max_length=200, blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["topic", "dataset", "version"], name="topic_version_once")]

    def __str__(self) -> str:
        return f"{self.topic} {self.dataset} version {self.version}".replace("  ", " ")
