"""Every sample folder beside a parser is read in the sandbox and compared with its expected.json: a new case is a new folder."""

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.parsing.result import Outcome
from ingest.parsing.sandbox import Limits, parse_isolated

PARSERS = Path(__file__).resolve().parents[3] / "ingest" / "parsers"
CASES = sorted(PARSERS.glob("*/samples/*"))


def sample_of(case: Path) -> Path:
    """The one input of a case."""
    (found,) = [file for file in case.iterdir() if file.name != "expected.json"]
    return found


def essence(outcome: Outcome) -> dict[str, Any]:
    """What a case pins down: everything but confidences of sniffing and free metadata."""
    document = outcome.document
    channels = [
        {key: entry[key] for key in ("name", "quantity", "unit", "rows", "min", "max", "axis")}
        for entry in document["channels"]
    ]
    wanted = (
        "start",
        "end",
        "sample",
        "operator",
        "instrument",
        "anode",
        "wavelength_angstrom",
        "counting_time_s",
        "encoding",
        "pulses",
    )
    metadata = {key: document["metadata"][key] for key in wanted if key in document["metadata"]}
    chosen = {key: document[key] for key in ("status", "parser", "technique", "steps", "warnings", "reason")}
    return {**chosen, "metadata": metadata, "channels": channels}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parents[1].name}-{case.name}")
def test_a_sample_says_what_is_expected(case: Path) -> None:
    file = sample_of(case)
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    assert essence(parse_isolated(file, file.name, Limits(seconds=30))) == expected


def test_every_parser_has_samples_and_a_readme() -> None:
    for folder in (plugin.parent for plugin in PARSERS.glob("*/plugin.py")):
        assert list((folder / "samples").iterdir()), folder.name
        assert (folder / "README.md").is_file(), folder.name
