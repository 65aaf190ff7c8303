"""Stage `knowledge.records`: a finished growth run of the notebook -> a record of topic thin_film_growth."""

from collections.abc import Sequence
from datetime import UTC, datetime

from eln.entries.models import Entry
from ingest.stream.models import Alert
from ingest.telemetry.selectors import channel_list, series_read
from knowledge.records.drafts import Draft, Value
from knowledge.records.growth import TOPIC, Described, channels_needed, film_formula, is_growth, statistics_values
from knowledge.records.models import Dataset, Kind
from knowledge.records.services import dataset_ensure, record_id, records_withdraw, records_write

NOTEBOOK = "notebook-growth"
MAX_POINTS = 200_000  # more than two days at 1 Hz; longer runs are thinned, which keeps extremes


def notebook_dataset() -> Dataset:
    """The data set of everything that the notebook's own runs gave."""
    return dataset_ensure(
        slug=NOTEBOOK,
        topic=TOPIC,
        title="Growth runs of this laboratory's notebook",
        kind=Kind.MEASUREMENT,
        citation="the notebook entry named by the record",
        version="live",
    )


def _ns(time: datetime) -> int:
    seconds = time.astimezone(UTC).timestamp()
    return int(seconds * 1_000_000) * 1000


def _texts(entry: Entry) -> list[Value]:
    run = entry.run
    stated = {
        "run_title": entry.title,
        "sample": entry.sample.name if entry.sample else "",
        "recipe": run.recipe if run else "",
        "instrument": entry.instrument.slug if entry.instrument else "",
        "person": entry.who,
        "started": entry.started.astimezone(UTC).isoformat() if entry.started else "",
    }
    return [Value(name, text, None, "entry", text) for name, text in stated.items() if text]


def _channels(instrument: str, start_ns: int, end_ns: int) -> list[Described]:
    """The instrument's channels as described in the run, or ever: a description may be dated later than its first points."""
    known = {channel.name: channel for channel in channel_list(instrument=instrument)}
    for channel in channel_list(instrument=instrument, start_ns=start_ns, end_ns=end_ns):
        if channel.unit or channel.quantity or channel.name not in known:
            known[channel.name] = channel
    return [Described(c.name, c.unit, c.quantity) for c in known.values()]


def entry_draft(entry: Entry) -> Draft | None:
    """The record of an entry; none where it is no finished growth run."""
    run = entry.run
    if run is None or entry.state != Entry.State.FINISHED or entry.started is None or entry.ended is None:
        return None
    window = {"start_ns": _ns(entry.started), "end_ns": _ns(entry.ended)}
    slug = run.instrument.slug
    channels = _channels(slug, **window)
    if not is_growth(entry.technique or run.instrument.technique, channels):
        return None
    needed = channels_needed(channels)
    series = series_read(instrument=slug, channels=needed, max_points=MAX_POINTS, **window)
    duration = round((entry.ended - entry.started).total_seconds(), 3)
    values = _texts(entry)
    values.append(Value("duration", duration, "s", "entry", f"{duration} s"))
    values += statistics_values(channels, {name: points.values for name, points in series.items()})
    values.append(Value("steps", len(run.steps), None, "run"))
    values.append(Value("alerts", Alert.objects.filter(run=run).count(), None, "run"))
    sample = entry.sample
    film = film_formula(sample.formula if sample else "", run.recipe, sample.name if sample else "", entry.title)
    return Draft(
        key=f"entry {entry.pk}",
        formula=film.reduced if film else "",
        formula_source=film.source if film else "",
        elements=film.elements if film else (),
        external_id=run.uid,
        title=entry.title,
        values=tuple(values),
        locator=f"entry {entry.pk}",
        entry_id=entry.pk,
        project_id=entry.project_id,
    )


class RecordStage:
    """Follows `entries`; key = primary key."""

    name = "knowledge.records"
    feed = "entries"

    def process(self, keys: Sequence[str]) -> None:
        """Write the records of finished growth runs; withdraw those whose entry is gone or runs again."""
        wanted = {int(key) for key in keys if key.isdigit()}
        found = Entry.objects.select_related("run__instrument", "instrument", "sample", "person").filter(pk__in=wanted)
        drafts = {entry.pk: draft for entry in found if (draft := entry_draft(entry))}
        if drafts:
            records_write(notebook_dataset(), drafts.values())
        records_withdraw([record_id(NOTEBOOK, f"entry {pk}") for pk in wanted - set(drafts)])
