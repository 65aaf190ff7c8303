"""Tables of the telemetry: what a channel is, which batches came, and where their points lie."""

from django.db import models

from ingest.gateway.models import Agent, Instrument


class ChannelDescriptor(models.Model):
    """What a channel is from `since_ns` on; a change makes a new version, old points keep the old unit."""

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="channels")
    name = models.CharField(max_length=120)
    version = models.IntegerField(default=0, help_text="0 = seen without a descriptor")
    unit = models.CharField(max_length=60, null=True, blank=True)
    quantity = models.CharField(max_length=120, null=True, blank=True)
    kind = models.CharField(max_length=10, default="analog")
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    since_ns = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instrument", "name", "version"], name="channel_version_once")]


class Segment(models.Model):
    """A Parquet file of points; immutable. Its points are in the pyramid once `levels` is filled."""

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="segments")
    path = models.CharField(max_length=200, unique=True, help_text="below the telemetry folder")
    start_ns = models.BigIntegerField()
    end_ns = models.BigIntegerField()
    points = models.BigIntegerField()
    size = models.BigIntegerField(default=0, help_text="bytes")
    statistics = models.JSONField(help_text="{channel: [rows, minimum, maximum, start_ns, end_ns]}")
    levels = models.JSONField(null=True, help_text="{channel: finest level of the pyramid that holds its points}")
    finest = models.SmallIntegerField(null=True, help_text="the lowest of `levels`")
    level = models.SmallIntegerField(null=True, help_text="from this level on, the pyramid holds all its channels")
    retired = models.DateTimeField(null=True, help_text="merged into another; the file goes after a while")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["instrument", "end_ns"], name="segment_time")]


class Tile(models.Model):
    """Cells of one level of a channel's pyramid that lie together; derived from the segments, see pyramid.py."""

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="tiles")
    channel = models.CharField(max_length=120)
    level = models.SmallIntegerField()
    number = models.BigIntegerField()
    count = models.IntegerField(help_text="cells")
    cells = models.BinaryField(help_text="packed by pyramid.cells_pack")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["instrument", "channel", "level", "number"], name="tile_once"),
        ]


class BatchRange(models.Model):
    """Batches whose rows were folded away: all sequences from `first` to `last` of (agent, source, epoch) are stored."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="batch_ranges")
    source = models.CharField(max_length=200)
    epoch = models.CharField(max_length=80)
    first = models.BigIntegerField()
    last = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "source", "epoch", "first"], name="range_once")]


class FrameBatch(models.Model):
    """One accepted batch: at most one for (agent, source, epoch, sequence). Old ones are folded into BatchRange.

    A small batch keeps its bytes in `payload` until a compaction has moved its points to a segment; a large one goes to a
    segment at once. `payload` empty and `segment` none: the batch held no points.
    """

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="batches")
    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="batches")
    source = models.CharField(max_length=200)
    epoch = models.CharField(max_length=80)
    sequence = models.BigIntegerField()
    historical = models.BooleanField(default=False)
    points = models.BigIntegerField(default=0)
    start_ns = models.BigIntegerField(null=True)
    end_ns = models.BigIntegerField(null=True)
    received = models.DateTimeField(auto_now_add=True)
    payload = models.BinaryField(null=True)
    segment = models.ForeignKey(Segment, null=True, on_delete=models.SET_NULL, related_name="batches")
    events = models.JSONField(default=list)
    streamed = models.BooleanField(default=False, help_text="the live view's stage has read it")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agent", "source", "epoch", "sequence"], name="batch_once"),
        ]
        indexes = [
            models.Index(fields=["instrument", "id"], name="batch_unstreamed", condition=models.Q(streamed=False)),
            models.Index(
                fields=["instrument", "end_ns"], name="batch_pending", condition=models.Q(payload__isnull=False)
            ),
        ]
