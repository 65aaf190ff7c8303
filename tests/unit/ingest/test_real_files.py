"""Real instrument files through the sandbox, against truths found by counting lines and reading the files by eye."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ingest.parsing.sandbox import Limits, parse_isolated

pytestmark = pytest.mark.shared


TRUTHS = [
    yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(Path(__file__).parent.glob("real_files*.yaml"))
]
PARSED = [truth for truths in TRUTHS for truth in truths.get("parsed", ())]
KEPT = {file: reason for truths in TRUTHS for file, reason in truths.get("kept", {}).items()}


def read(shared: Path, file: str) -> dict[str, Any]:
    path = shared / "instruments" / file
    return parse_isolated(path, path.name, Limits(seconds=60)).document


@pytest.mark.parametrize("truth", PARSED, ids=lambda truth: Path(truth["file"]).name)
def test_a_real_file_says_what_it_holds(shared: Path, truth: dict[str, Any]) -> None:
    document = read(shared, truth["file"])
    assert document["status"] == "parsed", document["reason"]
    assert document["technique"] == truth["technique"]
    assert document["metadata"].get("start") == truth["start"]
    found = {channel["name"]: channel for channel in document["channels"]}
    for name, (unit, quantity, *rows) in truth["channels"].items():
        assert (found[name]["rows"], found[name]["unit"], found[name]["quantity"]) == (
            rows[0] if rows else truth["rows"],
            unit,
            quantity,
        ), name


@pytest.mark.parametrize("file", list(KEPT), ids=lambda file: Path(file).name)
def test_a_real_file_without_a_reader_is_kept_with_a_true_reason(shared: Path, file: str) -> None:
    document = read(shared, file)
    assert (document["status"], document["reason"]) == ("kept", KEPT[file])


def test_extremes_are_those_of_the_file(shared: Path) -> None:
    document = read(shared, "growth-pld/ikz-pld/26042023_1630-STO-SAO-STO-Alev.dlog")
    found = {channel["name"]: (channel["min"], channel["max"]) for channel in document["channels"]}
    assert found["temperature"] == (25.0, 750.9)
    assert found["pressure 1"] == (4.469e-06, 200.1)
    assert found["laser energy"] == (0.0, 401.0)


def test_the_recipe_of_the_laser_deposition_becomes_steps(shared: Path) -> None:
    steps = read(shared, "growth-pld/ikz-pld/26042023_1630-STO-SAO-STO-Alev.elog")["steps"]
    assert [step["name"] for step in steps][3:6] == ["dwellSAO700", "depoSAO700", "dwellSTO700"]
    assert {step["name"]: step["values"].get("pulses") for step in steps}["depoSAO700"] == 330
    assert (steps[4]["start"], steps[4]["end"]) == (1 * 3600 + 7 * 60 + 48, 1 * 3600 + 10 * 60 + 42)
