"""How long something lasted, in the two largest units that matter."""

from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString


def _moment(value: datetime | str | None) -> datetime | None:
    if isinstance(value, datetime) or value is None:
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def duration(seconds: float) -> str:
    """1 d 4 h, 3 h 12 min, 4 min 5 s, 7 s, 0.4 s; symbols that both languages use."""
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    whole = round(seconds)
    parts = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    first = next((at for at, (amount, _) in enumerate(parts) if amount), 3)
    return " ".join(f"{amount} {unit}" for amount, unit in parts[first : first + 2] if amount) or "0 s"


def lasting(start: datetime | str | None, end: datetime | str | None = None) -> str:
    """From a time to another (or to now); times may be ISO text."""
    begun, over = _moment(start), _moment(end) or timezone.now()
    return "–" if begun is None else duration(max((over - begun).total_seconds(), 0.0))


def moment_or_text(text: str) -> SafeString | str:
    """A time stored as text, shown in the reader's zone; other text as it is."""
    moment = _moment(text) if len(text) > 15 and "T" in text else None
    if moment is None or moment.tzinfo is None:
        return text
    return format_html('<time datetime="{}" data-local="s">{}</time>', text, f"{moment:%Y-%m-%d %H:%M:%S} UTC")


def seconds(value: float) -> str:
    """A lag: tenths of a second while it is small, then the largest units."""
    return f"{value:.1f} s" if value < 60 else duration(value)


def signed_seconds(value: float) -> str:
    """How far a clock is off, with its sign."""
    return f"{value:+.3f} s" if abs(value) < 10 else f"{'+' if value > 0 else '−'}{duration(abs(value))}"


def grouped(value: int | None) -> str:
    """A count with thin spaces between thousands."""
    return "–" if value is None else f"{value:,}".replace(",", "\u202f")
