"""Readers of electrochemistry, transport, thermal analysis and loggers: real files, twins in binary and text, damaged binaries."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from ingest.parsers.protocol import CannotParse, Head, Parsed
from ingest.parsers.registry import loaded
from ingest.parsing.sandbox import Limits, parse_isolated

KNOWN = yaml.safe_load((Path(__file__).parent / "real_electrochemistry.yaml").read_text(encoding="utf-8"))
PARSERS = Path(__file__).resolve().parents[3] / "ingest" / "parsers"


def parsed(parser: str, path: Path) -> Parsed:
    return loaded().parsers[parser].parse(path, path.name)


@pytest.mark.shared
@pytest.mark.parametrize("truth", KNOWN, ids=lambda truth: Path(truth["file"]).name)
def test_a_real_file_says_what_it_holds(shared: Path, truth: dict[str, Any]) -> None:
    path = shared / "instruments" / truth["file"]
    document = parse_isolated(path, path.name, Limits(seconds=60)).document
    assert document["status"] == "parsed", document["reason"]
    assert document["technique"] == truth["technique"]
    assert document["metadata"].get("start") == truth["start"]
    found = {channel["name"]: channel for channel in document["channels"]}
    for name, (unit, quantity) in truth["channels"].items():
        assert (found[name]["rows"], found[name]["unit"], found[name]["quantity"]) == (truth["rows"], unit, quantity), (
            name
        )


@pytest.mark.shared
@pytest.mark.parametrize("stem", ["cp", "lsv", "ocv", "peis"])
def test_ec_lab_binary_and_text_hold_the_same_values(shared: Path, stem: str) -> None:
    folder = shared / "instruments/electrochem/biologic-eclab"
    binary, text = (parsed("biologic", folder / f"{stem}.{kind}") for kind in ("mpr", "mpt"))
    assert (binary.technique, binary.start) == (text.technique, text.start)
    written = {channel.name: channel for channel in text.channels}
    assert {channel.name for channel in binary.channels} <= set(written)
    for channel in binary.channels:
        assert channel.unit == written[channel.name].unit, channel.name
        # text is printed from single precision with 8 digits, sums of charge with 16
        np.testing.assert_allclose(
            channel.values, written[channel.name].values, rtol=2e-7, atol=1e-12, err_msg=channel.name
        )


def binaries() -> list[tuple[str, Path]]:
    folders = {"biologic": ("cycling", "unknown-column", "spectrum-unnamed")}
    return [
        (parser, next(file for file in (PARSERS / parser / "samples" / case).iterdir() if file.name != "expected.json"))
        for parser, cases in folders.items()
        for case in cases
    ]


@pytest.mark.parametrize(
    ("parser", "file"), binaries(), ids=lambda value: value.name if isinstance(value, Path) else value
)
def test_a_damaged_binary_is_read_in_part_or_refused(parser: str, file: Path, tmp_path: Path) -> None:
    whole, damaged = file.read_bytes(), tmp_path / file.name
    chance = random.Random(7)  # noqa: S311 (damage, no secret)
    for _ in range(150):
        data = bytearray(whole[: chance.randrange(1, len(whole))] if chance.random() < 0.5 else whole)
        for _ in range(chance.choice((0, 1, 5, 40))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        damaged.write_bytes(bytes(data))
        try:
            result = parsed(parser, damaged)
        except CannotParse as refusal:
            assert str(refusal)
        else:
            assert sum(channel.rows for channel in result.channels) < 200_000


def test_only_the_beginning_decides_whose_file_it_is() -> None:
    reader = loaded().parsers["biologic"]
    assert reader.sniff(Head("x.mpt", b"EC-Lab ASCII FIL\nNb header", 30)) == 0.0
    assert reader.sniff(Head("x.mpr", b"\0BIO-LOGIC MODULAR FILE\x1a", 30)) == 0.0
