"""Tables of the live view: runs, what happened in them, what went wrong, and what the detectors remember."""

from django.db import models

from ingest.gateway.models import Instrument


class RunRule(models.Model):
    """How runs are found in what an instrument sends, and how far that has been done; one row for each instrument."""

    class Source(models.TextChoices):
        """What begins and ends a run."""

        AUTO = "auto"
        EVENTS = "events"
        ACTIVITY = "activity"
        GAP = "gap"
        FILE = "file"
        NONE = "none"

    instrument = models.OneToOneField(Instrument, primary_key=True, on_delete=models.CASCADE, related_name="run_rule")
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.AUTO)
    gap_s = models.FloatField(default=3600, help_text="no data for so long ends a run")
    rest_s = models.FloatField(default=600, help_text="all set points and shutters back where they were for so long")
    quiet_s = models.FloatField(default=86400, help_text="no set point or shutter moved for so long")
    min_s = models.FloatField(default=60, help_text="a shorter stretch is no run")
    file_pattern = models.CharField(max_length=200, blank=True, help_text="event logs, such as *_events.csv")
    dirty_ns = models.BigIntegerField(null=True, help_text="data or files from this time on were not looked at yet")
    looked = models.DateTimeField(null=True)


class Stretch(models.Model):
    """A stretch of time without a gap in the data longer than a minute; what lies between two is a gap."""

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="stretches")
    start_ns = models.BigIntegerField()
    end_ns = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["instrument", "end_ns"], name="stretch_time")]


class DayCount(models.Model):
    """How many points of an instrument came on a day (UTC, server clock)."""

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="day_counts")
    day = models.DateField()
    points = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instrument", "day"], name="day_count_once")]


class Run(models.Model):
    """One run on an instrument, as it was found or as a person corrected it.

    `corrected` names the fields that a person set; what is found later leaves them alone. `found_start` and `found_end`
    say what the rule found, so that it knows the run again after a person moved it.
    """

    class State(models.TextChoices):
        """Whether it still goes."""

        OPEN = "open"
        CLOSED = "closed"

    class Origin(models.TextChoices):
        """What it was found in."""

        EVENTS = "events"
        ACTIVITY = "activity"
        GAP = "gap"
        FILE = "file"
        PERSON = "person"

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
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.EVENTS)
    found_start = models.DateTimeField(null=True, blank=True)
    found_end = models.DateTimeField(null=True, blank=True)
    corrected = models.JSONField(default=list, help_text="fields a person set")
    withdrawn = models.DateTimeField(null=True, blank=True, help_text="no run after all; kept for its history")
    withdrawn_by = models.CharField(max_length=150, blank=True, help_text="a person; empty: the rule finds it no more")

    class Meta:
        indexes = [models.Index(fields=["instrument", "-started"], name="run_newest")]

    def __str__(self) -> str:
        return self.title or self.uid


class RunChange(models.Model):
    """One change of a run by a person: who, what, why; rows are only ever added."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="changes")
    person = models.CharField(max_length=150)
    field = models.CharField(max_length=20, help_text="a field of Run, or split, merged, withdrawn, restored, added")
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    created = models.DateTimeField(auto_now_add=True)


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
