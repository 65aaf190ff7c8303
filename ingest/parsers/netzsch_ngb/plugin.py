"""NETZSCH thermal analysis, binary files (`.ngb-ss3` and relatives): by the library pyngb."""

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.columns import channel, named, technique_name, with_axis, with_times
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed, Step
from ingest.parsers.starts import start_time

_PART = b"Streams/stream_1.table"
_MAX_UNPACKED = 512 * 2**20
_KINDS = {
    "STA": "simultaneous_thermal_analysis",
    "DSC": "dsc",
    "DTA": "dsc",
    "TG": "thermogravimetry",
    "TGA": "thermogravimetry",
    "DIL": "dilatometry",
}
_WARNED = {"dsc_signal": "the signal is in µV as recorded, without the sensitivity calibration"}


def _table(path: Path) -> Any:  # Any: pyarrow ships no types
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(item.file_size for item in archive.infolist()) > _MAX_UNPACKED:
                raise CannotParse(f"the archive would unpack to more than {_MAX_UNPACKED // 2**20} MiB")
            if archive.testzip() is not None:
                raise CannotParse("the archive is damaged")
    except (zipfile.BadZipFile, OSError, NotImplementedError, EOFError, RuntimeError) as error:
        raise CannotParse(f"the archive is damaged: {error}") from error
    os.environ |= {
        "POLARS_SKIP_CPU_CHECK": "1",
        "POLARS_MAX_THREADS": "1",
    }  # the check runs machine code, which no sandbox allows
    from pyngb import read_ngb

    try:
        return read_ngb(str(path))
    except MemoryError:
        raise
    except Exception as error:  # the library has a tree of its own and fails in other ways on damage
        raise CannotParse(f"the streams cannot be read ({type(error).__name__}: {error})") from error


def _told(table: Any) -> dict[str, Any]:
    raw = (table.schema.metadata or {}).get(b"file_metadata", b"{}")
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _metadata(told: dict[str, Any]) -> dict[str, Any]:
    keys = {
        "start": "date_performed", "sample": "sample_name", "sample_id": "sample_id", "operator": "operator", "instrument": "instrument",
        "sample_mass_mg": "sample_mass", "project": "project", "laboratory": "lab", "crucible": "crucible_type", "furnace": "furnace_type",
        "comments": "comment", "material": "material",
    }  # fmt: skip
    found = {ours: told[theirs] for ours, theirs in keys.items() if told.get(theirs) not in (None, "")}
    return found | {"header": told}


def _channels(table: Any, warnings: list[str]) -> list[Channel]:
    made, empty = [], []
    for name in table.column_names:
        unit = ((table.schema.field(name).metadata or {}).get(b"units") or b"").decode("utf-8", errors="replace")
        try:
            values = np.asarray(table[name].to_numpy(), dtype=np.float64)
        except (TypeError, ValueError):
            continue
        made.append(channel(named(str(name), unit if unit and unit != "unknown" else "-"), values))
        if len(values) and not np.isfinite(values).any():
            empty.append(name)
    if empty:
        warnings.append(f"{len(empty)} columns are empty: {', '.join(empty[:3])}")
    return made


def _technique(kind: str, names: set[str]) -> str | None:
    """By the library's kind, corrected by what was recorded: without a balance it is no thermogravimetry."""
    known = _KINDS.get(kind)
    if known == "dilatometry":
        return known
    calorimetric, weighed = any("dsc" in name for name in names), "mass" in names
    if calorimetric and weighed:
        return "simultaneous_thermal_analysis"
    return "dsc" if calorimetric else "thermogravimetry" if weighed else known


def _steps(told: dict[str, Any]) -> list[Step]:
    """Stages of the temperature programme that take time, one after the other."""
    stages = told.get("temperature_program")
    if not isinstance(stages, dict):
        return []
    steps, at = [], 0.0
    for stage in stages.values():
        duration = stage.get("time") if isinstance(stage, dict) else None
        if not isinstance(duration, int | float) or not duration > 0:
            continue
        rate, target = stage.get("heating_rate", 0.0), stage.get("temperature")
        name = f"to {target:g} degC at {rate:g} K/min" if rate else f"hold at {target:g} degC"
        steps.append(Step(name, at, at + duration, {key: value for key, value in stage.items() if key != "time"}))
        at += duration
    return steps


class NetzschNgb:
    """An archive of streams; recognised by their names."""

    name = "netzsch_ngb"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.97 for a zip archive whose first parts are NETZSCH's streams."""
        return 0.97 if head.data.startswith(b"PK\x03\x04") and _PART in head.data else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All recorded channels. Raises CannotParse."""
        table = _table(path)
        if not table.num_rows:
            raise CannotParse("holds no rows: the measurement never began or the file is damaged")
        told = _told(table)
        warnings: list[str] = []
        channels = _channels(table, warnings)
        kind = ((table.schema.metadata or {}).get(b"type") or b"").decode("latin-1").upper()
        technique = _technique(kind, {item.name for item in channels})
        names = {item.name for item in channels if item.unit == "uV"}
        warnings += [text for name, text in _WARNED.items() if name in names]
        metadata = _metadata(told)
        channels = with_times(with_axis(channels, "time"), "time", start_time(metadata))
        return Parsed(technique_name(technique), channels, metadata, _steps(told), warnings)


plugin = NetzschNgb()
