"""NETZSCH Proteus text export: `#KEY:` lines, `##` before the labels, rows; the keys say separator and decimal sign."""

import re
from pathlib import Path
from typing import Any

from ingest.parsers.columns import channels_of, decimal_sign, named, technique_name, whole_rows, with_axis
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed, Step
from ingest.parsers.starts import stated_start
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, head_text, lines_of

_FIRST = re.compile(r"\s*#EXPORTTYPE\s*:", re.IGNORECASE)
_PAIR = re.compile(r"#([^#:]{2,40}):(.*)$")
_SEPARATORS = {"SEMICOLON": ";", "COMMA": ",", "TAB": "\t"}
_OURS = {
    "sample": "SAMPLE", "identity": "IDENTITY", "operator": "OPERATOR", "instrument": "INSTRUMENT", "laboratory": "LABORATORY",
    "project": "PROJECT", "material": "MATERIAL", "comments": "REMARK", "crucible": "CRUCIBLE", "atmosphere": "ATMOSPHERE",
}  # fmt: skip
_KINDS = [
    (r"(?=.*\b(?:DSC|DTA))(?=.*\bTGA?\b)|\bSTA\b", "simultaneous_thermal_analysis"), (r"\b(?:DSC|DTA)\b", "dsc"),
    (r"\bTGA?\b", "thermogravimetry"), (r"\b(?:DIL|TMA)\b", "dilatometry"),
]  # fmt: skip


def _technique(pairs: dict[str, str]) -> str | None:
    """By the kind of measurement, else by the instrument's name."""
    said = (pairs.get("MTYPE", ""), pairs.get("INSTRUMENT", ""))
    return next(
        (technique for text in said for pattern, technique in _KINDS if re.search(pattern, text, re.IGNORECASE)), None
    )


def _segments(pairs: dict[str, str]) -> list[Step]:
    """Segments of the temperature programme as the header lists them; their times are not stated."""
    found = [(key, value) for key, value in pairs.items() if re.match(r"SEG\. ?\d+$", key)]
    return [Step(f"{key.lower()} {value.strip()}".strip()) for key, value in found]


class NetzschText:
    """Recognised by its first line."""

    name = "netzsch_text"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.96 by the first line."""
        return 0.96 if _FIRST.match(head_text(head)) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """One curve table. Raises CannotParse; a comparison of several files is one too."""
        text = decode(read_limited(path)).text
        lines = lines_of(text)
        at = next((number for number, line in enumerate(lines) if line.startswith("##")), None)
        if at is None:
            raise CannotParse("no line of columns (##) follows the header; the file is cut")
        pairs = {m[1].strip().upper(): m[2].strip(" \t;,") for line in lines[:at] if (m := _PAIR.match(line))}
        mark = _SEPARATORS.get(pairs.get("SEPARATOR", "").split("\t")[0].strip().upper())
        mark = mark or max(";\t,", key=lines[at].count)
        labels = [label.strip() for label in lines[at].lstrip("#").split(mark)]
        if len(labels) > 1 and not labels[-1]:
            labels = labels[:-1]
        rows, cut = whole_rows(lines[at + 1 :], mark, len(labels), text.endswith(("\n", "\r")))
        if not rows:
            raise CannotParse("the columns are followed by no rows: the measurement never began or the file is cut")
        technique = _technique(pairs)
        channels, warnings = channels_of([named(label) for label in labels], rows, technique, decimal_sign(rows))
        warnings += ["the last row is cut short"] if cut else []
        if "COMPARE" in pairs.get("EXPORTTYPE", "").upper():
            warnings.append(
                "compares several measurements; their columns stand side by side, the header is that of the first"
            )
        metadata, doubts = _metadata(pairs, name)
        channels = with_axis(channels, _axis(channels))
        return Parsed(technique_name(technique), channels, metadata, _segments(pairs), [*doubts, *warnings])


def _axis(channels: list[Channel]) -> str | None:
    """Temperature, which Proteus puts first, unless it exported against time."""
    return next((item.name for item in channels if item.quantity in ("temperature", "time")), None)


def _metadata(pairs: dict[str, str], name: str) -> tuple[dict[str, Any], list[str]]:
    found, warnings = stated_start(pairs.get("DATE/TIME", ""), name)
    found |= {ours: pairs[theirs] for ours, theirs in _OURS.items() if pairs.get(theirs)}
    mass = next((key for key in pairs if key.startswith("SAMPLE MASS")), "")
    if pairs.get(mass):
        found["sample_mass"] = f"{pairs[mass]} {mass.partition('/')[2].lower()}".strip()
    return found | {"header": pairs}, warnings


plugin = NetzschText()
