"""Damaged and hostile files: a reader of binary or packed formats gives what is whole, or a reason; it never fails in another way."""

import random
import zipfile
from pathlib import Path

import pytest

from ingest.parsers.protocol import CannotParse, Parsed
from ingest.parsers.registry import loaded

PARSERS = Path(__file__).resolve().parents[3] / "ingest" / "parsers"
READERS = (
    "bruker_brml", "bruker_opus", "bruker_raw", "bruker_uxd", "galactic_spc", "hysprint", "labspec",
    "perkin_elmer", "picoquant_text", "renishaw_text", "renishaw_wdf", "rigaku_smartlab", "scienta_text",
    "specs_xml", "specs_xy", "spectrometer_text", "vamas", "woollam",
)  # fmt: skip
CASES = sorted(case for name in READERS for case in (PARSERS / name / "samples").iterdir())


def damaged(data: bytes, seed: int) -> bytes:
    """The bytes cut short, with some flipped, or with a size made absurd."""
    chance = random.Random(seed)  # noqa: S311 (damage, not secrets)
    changed = bytearray(data[: chance.randrange(len(data))] if seed % 3 == 0 else data)
    for _ in range(chance.choice((1, 4, 20)) if changed and seed % 3 else 0):
        changed[chance.randrange(len(changed))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    if len(changed) > 8 and seed % 5 == 0:
        at = chance.randrange(len(changed) - 4)
        changed[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\0\0\0\0"))
    return bytes(changed)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parents[1].name}-{case.name}")
def test_damage_gives_a_result_or_a_reason(case: Path, tmp_path: Path) -> None:
    (sample,) = [file for file in case.iterdir() if file.name != "expected.json"]
    parser = loaded().parsers[case.parents[1].name]
    data, file = sample.read_bytes(), tmp_path / sample.name
    for seed in range(60):
        file.write_bytes(damaged(data, seed))
        try:
            parsed = parser.parse(file, file.name)
        except CannotParse as reason:
            assert str(reason)
            continue
        assert isinstance(parsed, Parsed)
        assert sum(channel.rows for channel in parsed.channels) < 10_000_000


@pytest.mark.parametrize("member", ["Experiment0/RawData0.xml", "Data0/Profile0.txt"])
def test_a_zip_bomb_is_not_unpacked(member: str, tmp_path: Path) -> None:
    file = tmp_path / "bomb.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(member, "w") as stream:
        for _ in range(130):
            stream.write(b"1" * 2**20)
    name = "bruker_brml" if "Experiment0" in member else "rigaku_smartlab"
    with pytest.raises(CannotParse, match="MiB"):
        loaded().parsers[name].parse(file, file.name)
