"""Conversations: what a person asked, what was answered, and the record versions behind it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Conversation(models.Model):
    """Questions of one person that belong together; nobody else sees it."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations")
    title = models.CharField(max_length=120)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-updated", "-pk"]

    def __str__(self) -> str:
        return self.title


class Message(models.Model):
    """One question with its answer. `document` is the answer as the command line prints it; `table` its rows, if any."""

    class Status(models.TextChoices):
        """How a question ended."""

        ANSWERED = "answered", _("answered")
        REFUSED = "refused", _("not in the data")
        CLARIFY = "clarify", _("needs a clearer question")

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    question = models.TextField()
    status = models.CharField(max_length=10, choices=Status.choices)
    language = models.CharField(max_length=2)
    sentences = models.JSONField(default=list)
    document = models.JSONField(default=dict)
    table = models.JSONField(null=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.question[:80]


class Citation(models.Model):
    """A mark [n] of an answer: one version of one record. `record` is the record's id, which survives a rebuild."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="citations")
    number = models.PositiveSmallIntegerField()
    record = models.CharField(max_length=24, db_index=True)
    version = models.PositiveIntegerField()
    source = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    locator = models.CharField(max_length=200, blank=True)
    file_name = models.CharField(max_length=400, blank=True)
    formula = models.CharField(max_length=120, blank=True)
    external_id = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=12)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["message", "number"], name="citation_number_once")]

    def __str__(self) -> str:
        return f"[{self.number}] {self.record} v{self.version}"


class Feedback(models.Model):
    """What the person thinks of an answer."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="feedback")
    helpful = models.BooleanField()
    updated = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return "helpful" if self.helpful else "not helpful"
