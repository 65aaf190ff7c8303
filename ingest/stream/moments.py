"""Times on the wire and in the database."""

from datetime import UTC, datetime


def moment(time_ns: int) -> datetime:
    """Aware UTC of nanoseconds since 1970."""
    return datetime.fromtimestamp(time_ns / 1e9, UTC)


def nanoseconds(time: datetime) -> int:
    """Nanoseconds since 1970 of an aware time."""
    return round(time.timestamp() * 1e6) * 1000
