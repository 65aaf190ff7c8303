"""Neware cyclers, binary files: `.nda` and `.ndax` by the library NewareNDA; cycles and steps as the tester numbered them."""

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.columns import channel, named, technique_name, with_axis
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed, Step
from ingest.parsers.steps import steps_of_runs

if TYPE_CHECKING:
    import pandas as pd

_PARTS = (b"data.ndc", b"VersionInfo.xml", b"TestInfo.xml", b"Step.xml", b"data_runInfo.ndc", b"data_step.ndc")
_MAX_UNPACKED = 2**30
_MAX_FILE = 512 * 2**20
_RECORD_29, _SIZE_29 = b"\0\0\0\0\x55\0", 86  # how records of version 29 begin, and their size
_UNITS = {"Time": "s", "Voltage": "V"}
_AUXILIARY = {"T": "degC", "t": "degC", "V": "V", "H": "%"}


def _table(path: Path) -> "tuple[pd.DataFrame, dict[str, Any]]":
    """The records and what the archive's TestInfo says. Raises CannotParse."""
    with path.open("rb") as stream:
        packed = stream.read(4) == b"PK\x03\x04"
    if path.stat().st_size > _MAX_FILE:
        raise CannotParse(f"larger than {_MAX_FILE // 2**20} MiB; too large for this reader")
    from NewareNDA.NewareNDA import read_nda
    from NewareNDA.NewareNDAx import read_ndax

    try:
        info = _test_info(path) if packed else {}
        if not packed:
            _searchable(path)
        return (read_ndax(str(path)) if packed else _counted(read_nda(str(path), False), str(path))), info
    except (CannotParse, MemoryError):
        raise
    except Exception as error:  # the library fails in many ways on what it does not know
        reason = str(error) if isinstance(error, NotImplementedError) else f"{type(error).__name__}: {error}"
        raise CannotParse(f"the records cannot be read ({reason})") from error


def _searchable(path: Path) -> None:
    """Raises CannotParse where the library would search version 29 for its first record without end: no pair of records is there."""
    data = path.read_bytes()
    if data[14:15] != b"\x1d":
        return
    at = data.find(_RECORD_29)
    while at != -1 and at + 4 + _SIZE_29 < len(data):
        if data[at + 4 + _SIZE_29] == _RECORD_29[4] and data[at + 4 + 12]:
            return
        at = data.find(_RECORD_29, at + 4)
    if at == -1:
        raise CannotParse("holds no valid records: the test never began or the file is damaged")


def _counted(table: "pd.DataFrame", path: str) -> "pd.DataFrame":
    """Old testers leave the cycle number empty; then it is counted as Neware's program does, from charge after discharge."""
    from NewareNDA.NewareNDA import read_nda

    return read_nda(path, True) if len(table) and table["Cycle"].nunique() == 1 else table


def _test_info(path: Path) -> dict[str, Any]:
    """Attributes of the archive's TestInfo. Raises CannotParse for an archive that would unpack beyond bounds."""
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = [item.file_size for item in archive.infolist()]
            if sum(sizes) > _MAX_UNPACKED:
                raise CannotParse(f"the archive would unpack to more than {_MAX_UNPACKED // 2**20} MiB")
            names = archive.namelist()
            if "data.ndc" not in names:
                raise CannotParse("the archive holds no data.ndc")
            text = archive.read("TestInfo.xml").decode("gb18030", errors="replace") if "TestInfo.xml" in names else ""
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise CannotParse(f"the archive is damaged: {error}") from error
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return {}
    try:
        node = ET.fromstring(re.sub(r"^<\?xml[^>]*\?>", "", text)).find("config/TestInfo")  # noqa: S314 (no entities)
    except ET.ParseError:
        return {}
    return dict(node.attrib) if node is not None else {}


def _channels(table: "pd.DataFrame", technique: str) -> list[Channel]:
    made = []
    for label in table.columns:
        column = table[label]
        name = str(label)
        if name == "Timestamp":
            made += _stamps(column)
        elif name == "Status":
            made.append(Channel("Status", texts=tuple(str(value) for value in column)))
        else:
            unit = _UNITS.get(name) or (_AUXILIARY.get(name[0]) if re.fullmatch(r"[TtVH]-?\d+", name) else None)
            read = named(name.replace("_", " "), unit) if unit else named(name)
            made.append(channel(read, column.to_numpy(dtype=np.float64), technique))
    return made


def _stamps(column: "pd.Series[Any]") -> list[Channel]:
    """Seconds since the first record, with absolute times."""
    times = _nanoseconds(column)
    if not len(times) or (times == np.iinfo(np.int64).min).any():
        return []
    return [Channel("Timestamp", (times - times[0]) / 1e9, unit="s", quantity="time", confidence=1.0, times=times)]


def _nanoseconds(column: "pd.Series[Any]") -> NDArray[np.int64]:
    plain = column.dt.tz_convert("UTC").dt.tz_localize(None) if column.dt.tz is not None else column
    made: NDArray[np.int64] = plain.to_numpy(dtype="datetime64[ns]").astype(np.int64)
    return made


def _metadata(table: "pd.DataFrame", info: dict[str, Any]) -> dict[str, Any]:
    """The start from the first record (UTC where the tester counts so), the rest from TestInfo."""
    found: dict[str, Any] = {}
    stamps = table["Timestamp"].dropna()
    if len(stamps):
        stamps = stamps.dt.tz_convert("UTC") if stamps.dt.tz is not None else stamps
        found = {"start": stamps.iloc[0].isoformat(), "end": stamps.iloc[-1].isoformat()}
    keys = {
        "sample": "Barcode",
        "operator": "Creator",
        "comments": "Remark",
        "channel": "ChlID",
        "device": "DevID",
        "schedule": "StepName",
    }
    found |= {ours: info[theirs] for ours, theirs in keys.items() if info.get(theirs)}
    return found | ({"header": info} if info else {})


def _steps(table: "pd.DataFrame", seconds: NDArray[np.float64] | None) -> tuple[list[Step], list[str]]:
    """Each run of records with one step number."""
    if seconds is None:
        return [], []
    status, cycles = table["Status"].astype(str).to_numpy(), table["Cycle"].to_numpy()
    numbers = table["Step"].to_numpy(dtype=np.float64)

    def describe(row: int) -> tuple[str, dict[str, Any]]:
        return str(status[row]), {"step": int(numbers[row]), "cycle": int(cycles[row])}

    return steps_of_runs(numbers, seconds, describe)


def _seconds(channels: Sequence[Channel]) -> NDArray[np.float64] | None:
    return next((item.values for item in channels if item.name == "Timestamp"), None)


class Neware:
    """Knows both files by their first bytes."""

    name = "neware"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.96 for NEWARE at the start, or an archive with two of the parts that only Neware names so."""
        if head.data.startswith(b"NEWARE"):
            return 0.96
        parts = sum(part in head.data for part in _PARTS) if head.data.startswith(b"PK\x03\x04") else 0
        return 0.96 if parts >= 2 else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All records. Raises CannotParse."""
        table, info = _table(path)
        if not len(table):
            raise CannotParse("holds no records: the test never began or the file is cut")
        channels = _channels(table, "battery_cycling")
        steps, warnings = _steps(table, _seconds(channels))
        if _seconds(channels) is None:
            warnings.append("some records have no time stamp; times are relative to their step")
        channels = with_axis(channels, "Timestamp")
        return Parsed(technique_name("battery_cycling"), channels, _metadata(table, info), steps, warnings)


plugin = Neware()
