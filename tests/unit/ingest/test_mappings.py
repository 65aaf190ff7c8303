"""What people correct in the reading of a file is remembered for the next file of the same kind, and only for that."""

import io
import uuid
from hashlib import sha256
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ingest.contract import Envelope
from ingest.errors import BadInput
from ingest.feeds.models import FeedEvent
from ingest.gateway.models import Receipt
from ingest.gateway.services import receipt_accept
from ingest.mappings.domain import ChannelCorrection, Correction, corrected
from ingest.mappings.services import mapping_save, mapping_withdraw
from ingest.parsers.protocol import Channel
from ingest.parsing.models import ParsedFile
from ingest.parsing.result import described
from ingest.parsing.selectors import parsed_channels
from ingest.parsing.services import files_reread
from ingest.parsing.stages import ParsingStage
from tests.builders.ingest import an_instrument

TABLE = "clock;zone A;zone B;zone C\n" + "".join(
    f"2026-07-0{1 + i // 10} 10:00:{i % 10:02d};{20 + i};{30 + i};{40 + i}\n" for i in range(20)
)


def a_file(content: str = TABLE, instrument: str | None = "furnace", name: str = "run.csv") -> ParsedFile:
    data = content.encode()
    envelope = Envelope(
        id=uuid.uuid4().hex, instrument=instrument, file_name=name, size=len(data), sha256=sha256(data).hexdigest()
    )
    if instrument:
        an_instrument(instrument)
    return parsed(receipt_accept(envelope=envelope, payload=io.BytesIO(data)))


def parsed(receipt: Receipt) -> ParsedFile:
    ParsingStage().process([receipt.pk])
    return ParsedFile.objects.get(receipt=receipt)


def names(file: ParsedFile) -> list[str]:
    return [channel["name"] for channel in file.document["channels"]]


def remember(file: ParsedFile, instrument: str | None = "furnace", **changes: object) -> object:
    facts: dict[str, object] = {
        "parser": file.parser,
        "names": names(file),
        "channels": [{"name": "zone A", "stated": None, "unit": "°C", "quantity": "temperature"}],
        "person": "lin",
    }
    return mapping_save(instrument=an_instrument(instrument) if instrument else None, **(facts | changes))  # type: ignore[arg-type]


@pytest.mark.django_db
def test_a_correction_holds_for_the_next_file_of_the_instrument_and_says_so() -> None:
    first = a_file()
    assert first.document["channels"][1]["quantity"] is None
    mapping = remember(first)
    again = a_file(TABLE.replace("10:00", "11:00"))
    channel = parsed_channels(again)[1]
    assert (channel.name, channel.unit, channel.quantity, channel.confidence) == ("zone A", "degC", "temperature", 1.0)
    assert again.document["metadata"]["mapping"] == [mapping.pk]  # type: ignore[attr-defined]
    np.testing.assert_array_equal(channel.values, 20 + np.arange(20))


@pytest.mark.django_db
def test_files_already_read_are_read_again_when_a_mapping_comes_and_when_it_goes() -> None:
    first, other = a_file(), a_file(instrument="sputter")
    mapping = remember(first)
    assert files_reread(instrument=an_instrument("furnace"), parser=first.parser, names=["zone A"]) == 1
    assert FeedEvent.objects.filter(feed="receipts", key=first.receipt_id).count() == 2
    assert parsed(first.receipt).document["channels"][1]["quantity"] == "temperature"
    assert parsed(other.receipt).document["channels"][1]["quantity"] is None
    mapping_withdraw(mapping=mapping, person="lin")  # type: ignore[arg-type]
    files_reread(instrument=an_instrument("furnace"), parser=first.parser, names=["zone A"])
    assert parsed(first.receipt).document["channels"][1]["quantity"] is None


@pytest.mark.django_db
def test_what_holds_everywhere_holds_for_the_same_layout_only() -> None:
    remember(a_file(instrument=None), instrument=None)
    assert a_file(instrument="other").document["channels"][1]["quantity"] == "temperature"
    different = "time (s);zone A;voltage (V)\n" + "".join(f"{i};{i * 2};{i * 3}\n" for i in range(20))
    assert a_file(different, instrument="other").document["channels"][1]["quantity"] is None


@pytest.mark.django_db
def test_the_newest_correction_wins_and_technique_follows_the_layout() -> None:
    first = a_file()
    remember(first, technique="MBE")
    remember(first, channels=[{"name": "zone A", "stated": None, "unit": "mbar", "quantity": "pressure"}])
    document = a_file().document
    assert (document["channels"][1]["unit"], document["channels"][1]["quantity"]) == ("mbar", "pressure")
    assert document["technique"] == "molecular beam epitaxy"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("channel", "why"),
    [
        ({"unit": "furlong", "quantity": None}, "no unit"),
        ({"unit": None, "quantity": "happiness"}, "no quantity"),
        ({"unit": "mbar", "quantity": "temperature"}, "no unit of temperature"),
    ],
)
def test_a_correction_that_cannot_be_right_is_refused_with_the_reason(channel: dict[str, object], why: str) -> None:
    file = a_file()
    with pytest.raises(BadInput, match=why):
        remember(file, channels=[{"name": "zone A", "stated": None, **channel}])
    with pytest.raises(BadInput, match="no time zone"):
        remember(file, time_zone="Berlin", channels=[])


def test_a_time_zone_moves_times_over_a_change_of_the_clock() -> None:
    zone = ZoneInfo("Europe/Berlin")
    wall = np.array([1774742400, 1774749600, 1774756800], dtype=np.int64) * 10**9  # 2026-03-29 00:00, 02:00, 04:00
    channel = Channel("T", np.arange(3.0), times=wall)
    document = {
        "parser": "p",
        "technique": None,
        "metadata": {"start": "2026-03-29T00:00:00"},
        "channels": [described(channel)],
    }
    one = Correction(parser="p", names=("T",), time_zone="Europe/Berlin", key=7)
    made, (moved,) = corrected(document, [channel], [one], ["T"])
    assert made["metadata"]["start"] == "2026-03-29T00:00:00+01:00"
    assert moved.times is not None
    assert list((wall - moved.times) // 3_600_000_000_000) == [1, 1, 2]
    assert zone.utcoffset(None) is None  # the zone itself has no one offset: each time has its own
    stated, (same,) = corrected(
        {**document, "metadata": {"start": "2026-03-29T00:00:00+00:00"}}, [channel], [one], ["T"]
    )
    assert same.times is channel.times and "mapping" not in stated["metadata"]


def test_a_channel_whose_stated_unit_changed_is_asked_about_again() -> None:
    channel = Channel("p", np.arange(3.0), unit="Pa")
    document = {"parser": "p", "technique": None, "metadata": {}, "channels": [described(channel)]}
    change = ChannelCorrection(name="p", stated=None, unit="mbar", quantity="pressure")
    made, _ = corrected(document, [channel], [Correction("p", ("p",), channels=(change,))], ["p"])
    assert made["channels"][0]["unit"] == "Pa"


@pytest.mark.django_db
def test_a_file_that_is_read_only_as_a_person_said_is_read_so_the_next_time_and_others_are_not() -> None:
    column = "7\n" + "".join(f"{20 + i}\n" for i in range(20))
    first = a_file(column)
    assert first.status == "kept"
    mapping_save(
        instrument=an_instrument("furnace"), parser="delimited_text", names=["7"], hints={"header_line": 1},
        channels=[{"name": "7", "stated": None, "unit": "degC", "quantity": "temperature"}],
    )  # fmt: skip
    assert files_reread(instrument=an_instrument("furnace"), parser="delimited_text", names=["7"], unread=True) == 1
    again = parsed(first.receipt)
    assert (again.status, again.document["channels"][0]["rows"]) == ("parsed", 20)
    assert again.document["channels"][0]["unit"] == "degC"
    assert a_file(column.replace("7\n", "8\n", 1)).status == "kept", "another layout"
    assert a_file(column, instrument="sputter").status == "kept", "another instrument"
