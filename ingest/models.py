"""All tables of ingest in one place, for Django and for the newcomer."""

from ingest.blobs.models import BlobCheck
from ingest.feeds.models import Cursor, Failure, FeedEvent
from ingest.gateway.models import Agent, AgentConfig, EnrolmentCode, Instrument, Receipt, Upload
from ingest.mappings.models import Mapping
from ingest.parsing.models import ParsedFile
from ingest.stream.models import Alert, DayCount, DetectorState, Run, RunChange, RunRule, StreamEvent, Stretch
from ingest.telemetry.models import BatchRange, ChannelDescriptor, FrameBatch, Segment, Tile

__all__ = [
    "Agent",
    "AgentConfig",
    "Alert",
    "BatchRange",
    "BlobCheck",
    "ChannelDescriptor",
    "Cursor",
    "DayCount",
    "DetectorState",
    "EnrolmentCode",
    "Failure",
    "FeedEvent",
    "FrameBatch",
    "Instrument",
    "Mapping",
    "ParsedFile",
    "Receipt",
    "Run",
    "RunChange",
    "RunRule",
    "Segment",
    "StreamEvent",
    "Stretch",
    "Tile",
    "Upload",
]
