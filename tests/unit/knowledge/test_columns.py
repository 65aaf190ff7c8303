"""Columns of tables nobody described: what must be claimed, and what must not."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from knowledge.imports.columns import Proposal, proposal
from knowledge.imports.tables import Refused, Source, Table

FOLDER = Path(__file__).parent / "columns"
CASES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "labelled.yaml").read_text("utf-8"))
HOSTILE: list[dict[str, Any]] = yaml.safe_load((FOLDER / "hostile.yaml").read_text("utf-8"))


def a_case_table(case: dict[str, Any]) -> Table:
    """The table of one case of labelled.yaml."""
    cells = [column[1].split(" ; ") for column in case["columns"]]
    return Table(
        tuple(str(column[0]) for column in case["columns"]),
        list(zip(*cells, strict=True)),
        units=case.get("units", {}),
        descriptions=case.get("descriptions", {}),
        title=case.get("title", ""),
    )


def understood(case: dict[str, Any], topic: str | None = None) -> Proposal | None:
    """The proposal for a case's table; none where it is refused."""
    try:
        return proposal(a_case_table(case), Source(case["file"], (Path(case["file"]),), "table"), topic)
    except Refused:
        return None


def shown(found: Proposal | None, column: str) -> str:
    """What a column was understood as, written like the labels."""
    if found is None:
        return "-"
    rule = found.mapping.rules[column]
    if rule.role == "uncertainty":
        return f"±{rule.of}"
    if rule.role == "element":
        return f"element {rule.unit}"
    if rule.role != "value":
        return rule.role
    if rule.property is None:
        return "-"
    return f"{rule.property} {rule.unit}" if rule.unit else rule.property


def same(said: str, label: str) -> bool:
    """Whether a column was understood as labelled; '=' leaves open what follows, '?' says that the cells name their units."""
    if label == "=":
        return True
    if label.endswith(" ="):
        return said.split()[0] == label.split()[0]
    return said == label.removesuffix(" ?")


LABELLED = [(case, column) for case in CASES for column in case["columns"]]


@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_no_column_is_claimed_wrongly_and_none_is_missed(case: dict[str, Any]) -> None:
    found = understood(case)
    assert (found and found.mapping.topic) == case["topic"]
    if found is None:
        return
    wrong = {}
    for name, _, label in case["columns"]:
        said = shown(found, name)
        if not same(said, label):
            wrong[name] = (said, label, str(next(p.reason for p in found.columns if p.column == name)))
    assert wrong == {}


def test_hard_tables_are_rather_left_alone_than_claimed_wrongly() -> None:
    right, unmapped, wrong = 0, [], []
    for case in HOSTILE:
        found = understood(case)
        if found and found.mapping.topic != case["topic"]:
            wrong.append((case["file"], found.mapping.topic))
        if found is None and case["topic"] is None:
            continue
        for name, _, label in case["columns"]:
            said = shown(found, name)
            if label == "=":
                continue
            if same(said, label):
                right += 1
            elif said == "-":
                unmapped.append((case["file"], name))
            else:
                wrong.append((case["file"], name, said, label))
    assert wrong == []
    assert right >= 0.9 * (right + len(unmapped)), unmapped


def test_a_header_states_the_circumstances_of_its_values() -> None:
    case = {
        "file": "te.csv",
        "columns": [
            ["formula", "Bi2Te3 ; PbTe ; SnSe", ""],
            ["S_300K (uV/K)", "-210 ; 150 ; 400", ""],
            ["thermal conductivity (W/mK) at 227 °C", "1 ; 2 ; 3", ""],
            ["figure of merit @ 700 K", "0.9 ; 1.1 ; 1.2", ""],
        ],
    }
    found = understood(case)
    assert found is not None
    held = {name: dict(rule.conditions) for name, rule in found.mapping.rules.items() if rule.conditions}
    assert held == {
        "S_300K (uV/K)": {"temperature": 300},
        "thermal conductivity (W/mK) at 227 °C": {"temperature": pytest.approx(500.15)},
        "figure of merit @ 700 K": {"temperature": 700},
    }


def test_there_are_enough_labelled_columns() -> None:
    assert len(LABELLED) >= 150
