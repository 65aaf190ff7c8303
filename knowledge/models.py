"""All tables of knowledge in one place, for Django and for the newcomer."""

from knowledge.records.models import Dataset, Kind, Record, RecordVersion

__all__ = ["Dataset", "Kind", "Record", "RecordVersion"]
