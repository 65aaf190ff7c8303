"""Impedance spectra of Scribner's ZPlot (`.z`) and of instruments that write the same table (Autolab `Z60W`).

Both have the columns frequency, amplitude, bias, time, Z', Z'' in Hz, V, V, s and ohm. ZPlot writes its date as month-day-year.
"""

import re
from pathlib import Path
from typing import Any

from ingest.parsers.columns import channels_of, decimal_sign, named, technique_name, whole_rows, with_axis
from ingest.parsers.protocol import CannotParse, Head, Parsed
from ingest.parsers.starts import stated_start
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, head_text, lines_of

_FIRST = re.compile(r'\s*"?(?:ZPLOT2 ASCII|Z60W Data File)')
_LABELS = re.compile(r'\s*"?\s*Freq\s*\(Hz\)', re.IGNORECASE)
_LABEL = re.compile(r"Pt\.|Freq\s*\(Hz\)|[A-Za-z]+(?:'{0,2})(?:\([^)]*\))?")
_COLUMNS = {
    "freq": ("Freq", "Hz"),
    "ampl": ("Ampl", "V"),
    "bias": ("Bias", "V"),
    "time": ("Time", "s"),
    "z'": ("Z'", "ohm"),
    "z''": ("Z''", "ohm"),
}
_PAIR = re.compile(r"\s*([A-Za-z][^:]{1,60}):\s*(.*\S)\s*$")


def _metadata(pairs: dict[str, str], name: str) -> tuple[dict[str, Any], list[str]]:
    date = pairs.get("Date", "")
    found, warnings = stated_start(date, name, clock=pairs.get("Time", ""), order="mdy")
    area = pairs.get("Surface Area", "")
    found |= {"electrode_area": f"{area} cm^2"} if re.fullmatch(r"[\d.]+", area) and float(area) > 0 else {}
    found |= {"title": pairs["Experiment Type"]} if pairs.get("Experiment Type") else {}
    return found | {"header": pairs}, warnings


class Scribner:
    """Known by the first line."""

    name = "scribner"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.96 by the first line."""
        return 0.96 if _FIRST.match(head_text(head)) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """The spectrum. Raises CannotParse."""
        text = decode(read_limited(path)).text
        lines = lines_of(text)
        at = next((number for number, line in enumerate(lines) if _LABELS.match(line)), None)
        if at is None:
            raise CannotParse("no line of columns follows the header; the file is cut")
        pairs = {match[1].strip(): match[2] for line in lines[:at] if (match := _PAIR.match(line))}
        labels = _LABEL.findall(lines[at].strip().strip('"'))
        below = [
            line for line in lines[at + 1 :] if line.strip() and not line.strip().lower().startswith("end comments")
        ]
        delimiter = next((mark for mark in ("\t", ",") if below and mark in below[0]), None)
        rows, cut = whole_rows(below, delimiter, len(labels), text.endswith(("\n", "\r")))
        if not rows:
            raise CannotParse("the columns are followed by no rows: the measurement never began or the file is cut")
        columns = []
        for label in labels:
            known = _COLUMNS.get(re.sub(r"\(.*", "", label).strip().lower())
            columns.append(named(known[0], known[1]) if known else named(label))
        channels, warnings = channels_of(columns, rows, "eis", decimal_sign(rows))
        metadata, doubts = _metadata(pairs, name)
        promised = pairs.get("Data Points", "") or (lines[at - 1].strip() if at else "")
        if promised.isdigit() and int(promised) != len(rows):
            warnings.append(f"{promised} rows are promised, {len(rows)} are there")
        warnings += ["the last row is cut short"] if cut else []
        return Parsed(technique_name("eis"), with_axis(channels, "Freq"), metadata, (), [*doubts, *warnings])


plugin = Scribner()
