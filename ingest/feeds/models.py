"""Tables of the feeds: what happened (FeedEvent), how far each follower has read (Cursor), what failed (Failure)."""

from django.db import models


class FeedEvent(models.Model):
    """One change of one key; written in the transaction of the change itself."""

    seq = models.BigAutoField(primary_key=True)
    xid = models.BigIntegerField(default=0, help_text="transaction id on PostgreSQL, 0 on SQLite")
    feed = models.CharField(max_length=40)
    key = models.CharField(max_length=80)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["feed", "xid", "seq"], name="feed_order")]


class Cursor(models.Model):
    """How far a stage has read its feed, and who is reading now."""

    stage = models.CharField(max_length=80, primary_key=True)
    xid = models.BigIntegerField(default=0)
    seq = models.BigIntegerField(default=0)
    owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    updated = models.DateTimeField(auto_now=True)


class Failure(models.Model):
    """A key that a stage could not process: kept with its reason and tried again with growing delays."""

    stage = models.CharField(max_length=80)
    key = models.CharField(max_length=80)
    reason = models.TextField()
    attempts = models.PositiveIntegerField(default=1)
    next_attempt = models.DateTimeField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stage", "key"], name="failure_once")]
