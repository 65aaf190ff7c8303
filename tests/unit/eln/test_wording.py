"""What detectors and parsers write in English is read in Chinese; the sentences come from the real ones."""

import random
import re
from pathlib import Path

import pytest
from django.utils import translation

from eln.ui.quantity import pretty_unit
from eln.ui.wording import worded
from ingest.detectors.protocol import Channel
from ingest.detectors.watch import Watch
from ingest.parsing.services import parse_path

SECOND = 10**9
DICE = random.Random(1)  # noqa: S311 - noise with a seed
NOISE = [DICE.gauss(100, 1) for _ in range(300)]


def reasons(channel: Channel, values: list[float], gap_s: int = 0) -> set[str]:
    times = [row * SECOND for row in range(len(values))]
    if gap_s:
        times[-1] += gap_s * SECOND
    return {finding.reason for finding in Watch(channel).update(times, values)}


FAULTS = {
    "gap": (Channel("x"), NOISE, 900),
    "stuck": (Channel("x"), [*NOISE, *[100.0] * 30], 0),
    "upper": (Channel("x", "degC", high=110), [*NOISE, 150.0], 0),
    "lower": (Channel("x", "degC", low=10), [*NOISE, 1.0], 0),
    "code": (Channel("x"), [*NOISE, 9.9e37], 0),
    "infinity": (Channel("x"), [*NOISE, float("inf")], 0),
    "burst": (Channel("p", "mbar"), [*[1e-9 * v / 100 for v in NOISE], 3e-9, 9e-9], 0),
    "drift": (Channel("x"), [*NOISE * 4, *[v + 0.1 * n for n, v in enumerate(NOISE)]], 0),
    "drift from a set point": (Channel("x", "K", set_point=True), [*NOISE, *[v + 0.05 * n for n, v in enumerate(NOISE)]], 0),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_the_reason_of_an_alert_is_told_in_chinese_with_its_figures(name: str) -> None:
    channel, values, gap = FAULTS[name]
    found = reasons(channel, values, gap)
    assert found
    for reason in found:
        with translation.override("zh-hans"):
            told = worded(reason)
        assert re.search("[一-鿿]", told) and not re.search(r"[a-z]{6}", told.replace("infinity", "")), reason
        assert set(re.findall(r"\d[\d.e+-]*\d", told)) == set(re.findall(r"\d[\d.e+-]*\d", reason))
        assert worded(reason) == reason.replace(" degC", " °C")


@pytest.mark.parametrize(
    "data",
    [b"", b"hello\nworld\n", bytes(range(256)) * 9, b"<note><to>you</to></note>", b"PK\x03\x04 cut", b"\x00\x01" * 99],
)
def test_the_reason_why_a_file_was_kept_is_told_in_chinese(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file.dat"
    path.write_bytes(data)
    reason = parse_path(path).document["reason"]
    with translation.override("zh-hans"):
        told = worded(reason)
    assert re.search("[一-鿿]", told) and "reader" not in told, (reason, told)


def test_a_sentence_nobody_knows_stays() -> None:
    with translation.override("zh-hans"):
        assert worded("{odd} sentence %s: {0}") == "{odd} sentence %s: {0}"


def test_units_in_sentences_are_written_as_people_do() -> None:
    said = "The reading has moved by +13.4 degC against its set point, 14 times its noise, and nothing was changed on purpose."
    assert "+13.4 °C against" in worded(said)
    assert pretty_unit("uA") == "µA" and pretty_unit("u") == "u" and pretty_unit("ug/min") == "µg/min"
