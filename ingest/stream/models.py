"""Tables of the live view: runs, what happened in them, what went wrong, and what the detectors remember."""

from django.db import models

from ingest.gateway.models import Instrument


class Run(models.Model):
    """One run of a recipe on an instrument, from its start event to its stop."""

    class State(models.TextChoices):
        """Whether it still goes."""

        OPEN = "open"
        CLOSED = "closed"

    uid = models.CharField(primary_key=True, max_length=64)
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="runs")
    title = models.CharField(max_length=200, blank=True)
    recipe = models.CharField(max_length=200, blank=True)
    sample = models.CharField(max_length=120, blank=True)
    person = models.CharField(max_length=120, blank=True)
    started = models.DateTimeField()
    ended = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    steps = models.JSONField(default=list, help_text="[{name, start, end, values}], times as ISO text")
    closing = models.CharField(max_length=300, blank=True, help_text="why it ended, where no stop event came")

    class Meta:
        indexes = [models.Index(fields=["instrument", "-started"], name="run_newest")]

    def __str__(self) -> str:
        return self.title or self.uid


class Alert(models.Model):
    """Something a detector found on a channel; open until the channel is normal again."""

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="alerts")
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="alerts")
    channel = models.CharField(max_length=120)
    kind = models.CharField(max_length=40)
    score = models.FloatField()
    reason = models.TextField()
    started = models.DateTimeField()
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["instrument", "channel", "kind", "started"], name="alert_once"),
        ]
        indexes = [models.Index(fields=["instrument", "-started"], name="alert_newest")]


class StreamEvent(models.Model):
    """Something the instrument said at one time: a step, a shutter, a message, a birth or a death."""

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="stream_events")
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="events")
    time = models.DateTimeField()
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=200, blank=True)
    value = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["instrument", "time"], name="event_time")]


class DetectorState(models.Model):
    """What the detectors of one instrument remember, so that they go on after a restart as if nothing had been.

    `state`: {"watches": {channel: ...}, "last": {channel: [time ns, value]}, "open": {"channel|kind": [alert, time ns]}}.
    """

    instrument = models.OneToOneField(
        Instrument, primary_key=True, on_delete=models.CASCADE, related_name="detector_state"
    )
    last_ns = models.BigIntegerField(default=0, help_text="newest live point, source clock")
    heard = models.DateTimeField(null=True, help_text="when it came, server clock")
    silent = models.BooleanField(default=False, help_text="the instrument said that it ends")
    state = models.JSONField(default=dict)
