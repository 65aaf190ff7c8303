"""Adsorption information files (`.aif`): one isotherm in STAR syntax, keys with values and a loop for each branch."""

import re
from collections.abc import Iterator
from pathlib import Path

from ingest.parsers.columns import channels_of, named, technique_name, with_axis
from ingest.parsers.delimited_text.header import Named
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.starts import stated_start
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, head_text, lines_of

_TELLING = re.compile(r"^\s*_(?:exptl_|adsnt_|adsorp_|units_loading)", re.MULTILINE)
_TOKEN = re.compile(r"'((?:[^']|'(?=\S))*)'|\"((?:[^\"]|\"(?=\S))*)\"|(\S+)")
_UNITS = {
    "pressure": "pressure",
    "p0": "pressure",
    "amount": "loading",
    "loading": "loading",
    "enthalpy": "enthalpy",
    "temperature": "temperature",
}
_OURS = {
    "sample": "_adsnt_material_id",
    "operator": "_exptl_operator",
    "instrument": "_exptl_instrument",
    "adsorptive": "_exptl_adsorptive",
}


def _tokens(lines: list[str]) -> Iterator[str]:
    """Words, quoted texts without quotes, and texts between semicolons at the beginning of lines."""
    inside: list[str] | None = None
    for line in lines:
        if line.startswith(";"):
            if inside is not None:
                yield "\n".join(inside).strip()
                inside = None
                continue
            inside = [line[1:]]
        elif inside is not None:
            inside.append(line)
        else:
            for match in _TOKEN.finditer(re.sub(r"(?:^|\s)#.*$", "", line)):
                yield next(group for group in match.groups() if group is not None)


def _read(lines: list[str]) -> tuple[dict[str, str], list[tuple[list[str], list[list[str]]]], bool]:
    """Keys with values, loops as (labels, rows), and whether a row was cut short."""
    pairs: dict[str, str] = {}
    loops: list[tuple[list[str], list[list[str]]]] = []
    cut: list[bool] = []
    key = ""
    labels: list[str] = []
    cells: list[str] = []

    def close() -> None:
        if labels:
            width = len(labels)
            cut.append(len(cells) % width > 0)
            loops.append((list(labels), [cells[at : at + width] for at in range(0, len(cells) - width + 1, width)]))

    naming = False
    for token in _tokens(lines):
        if token.lower() == "loop_":
            close()
            key, labels, cells, naming = "", [], [], True
        elif token.startswith("_") and naming:
            labels.append(token)
        elif token.startswith("_"):
            close()
            key, labels, cells = token, [], []
        elif labels:
            naming = False
            cells.append(token)
        elif key:
            pairs[key.lower()], key = token, ""
    close()
    return pairs, loops, any(cut)


def _column(label: str, pairs: dict[str, str]) -> Named:
    """`_adsorp_pressure` as `adsorp pressure` with the unit that the file declares for pressures."""
    words = label.lstrip("_").split("_")
    unit = pairs.get(f"_units_{_UNITS.get(words[-1], '')}", "")
    name = " ".join(words)
    if re.search(r"\bSTP\b", unit):  # a volume of gas, which no unit of ours counts as one
        return named(f"{name} ({unit})", "-")
    return named(name, unit or "-")


class Aif:
    """One isotherm."""

    name = "aif"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for STAR data with keys that only adsorption files have."""
        text = head_text(head)
        keys = set(_TELLING.findall(text))
        return 0.95 if re.search(r"^\s*data_", text, re.MULTILINE) and len(keys) >= 2 and "loop_" in text else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """Both branches. Raises CannotParse."""
        pairs, loops, cut = _read(lines_of(decode(read_limited(path)).text))
        channels: list[Channel] = []
        warnings = ["the last row is cut short and left out"] if cut else []
        for labels, rows in loops:
            if not rows or not any(re.search(r"_(?:ad|de)sorp_", label) for label in labels):
                continue
            made, odd = channels_of([_column(label, pairs) for label in labels], rows, "gas_adsorption")
            channels += with_axis(made, next((item.name for item in made if item.name.endswith("pressure")), None))
            warnings += odd
        if not channels:
            raise CannotParse("holds no points of an isotherm")
        metadata, doubts = stated_start(pairs.get("_exptl_date", ""), name)
        metadata |= {ours: pairs[theirs] for ours, theirs in _OURS.items() if pairs.get(theirs)}
        for ours, key, unit in (
            ("temperature", "_exptl_temperature", "_units_temperature"),
            ("sample_mass", "_adsnt_sample_mass", "_units_mass"),
        ):
            if pairs.get(key):
                metadata[ours] = f"{pairs[key]} {pairs.get(unit, '')}".strip()
        return Parsed(
            technique_name("gas_adsorption"), channels, metadata | {"header": pairs}, (), [*doubts, *warnings]
        )


plugin = Aif()
