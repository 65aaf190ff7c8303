"""EC-Lab's binary file: modules of settings, rows, log and loops; own reader from the known facts of the format.

A module is `MODULE`, a short name (10 bytes), a long name (25), its length, version and date (8). Files of version 11.50 and
later put 0xFFFFFFFF and the maximal length before the length. Rows have one record each, laid out by a list of column numbers.
"""

import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from ingest.parsers.biologic.layout import Layout
from ingest.parsers.biologic.techniques import by_columns, by_number, on_axes, sequence_steps
from ingest.parsers.columns import technique_name, with_times
from ingest.parsers.protocol import CannotParse, Channel, Parsed
from ingest.parsers.starts import start_time

MAGIC = b"BIO-LOGIC MODULAR FILE\x1a"
_FIRST = 52  # bytes before the first module
_MARK = b"MODULE"
_OLE = datetime(1899, 12, 30)  # noqa: DTZ001 (local time of the instrument, no zone stated)
_STAMP_AT = (585, 465, 469, 473)  # where the log keeps the start, by version
_ROWS_AT = {0: 100, 2: 405, 3: 406, 10: 1007, 11: 1007}
_DEFAULT = 0.001  # EC-Lab's value of a mass or area nobody entered


class Module(NamedTuple):
    """One module; `whole` is false where the file ends before it does."""

    name: str
    version: int
    date: str
    data: bytes
    whole: bool


def modules(data: bytes) -> Iterator[Module]:
    """All modules up to the end or the first damage."""
    at = _FIRST
    while data[at : at + 6] == _MARK:
        head = data[at + 6 : at + 6 + 59]
        if len(head) < 59:
            return
        length, version = struct.unpack("<II", head[35:43])
        date, begin = head[43:51], at + 6 + 51
        if length == 0xFFFFFFFF:
            length, old, new = struct.unpack("<III", head[39:51])
            version, date, begin = old + new, head[51:59], at + 6 + 59
        body = data[begin : begin + length]
        yield Module(head[:10].decode("latin-1").strip(), version, date.decode("latin-1"), body, len(body) == length)
        at = begin + length


def read_mpr(data: bytes, name: str) -> Parsed:
    """What a binary file says; of a cut one the rows that are whole. Raises CannotParse without rows' layout."""
    found = {module.name: module for module in modules(data)}
    rows = found.get("VMP data")
    if rows is None:
        raise CannotParse("an EC-Lab binary file without a data module: it is cut or the measurement never began")
    settings, log = found.get("VMP Set"), found.get("VMP LOG")
    title, technique = by_number(settings.data[0]) if settings is not None and settings.data else (None, None)
    warnings = []
    if settings is not None and settings.data and title is None:
        warnings.append(
            f"the technique number {settings.data[0]} is not known; the technique is named only where the columns show it"
        )
    layout, promised = _layout(rows)
    channels = _channels(rows, layout, promised, warnings)
    technique = technique or by_columns([channel.name for channel in channels])
    metadata: dict[str, Any] = {"title": title} if title else {}
    metadata |= _settings(settings.data) if settings is not None else {}
    metadata |= _log(log.data) if log is not None else {}
    if "start" not in metadata:
        warnings.append(
            "the log module, which holds the time of the start, is missing or damaged; only the day is known"
        )
        metadata |= _date(settings.date) if settings is not None else {}
    loops = _loops(found["VMP loop"].data) if "VMP loop" in found else []
    metadata |= {"loops": loops} if loops else {}
    channels = with_times(on_axes(channels, technique), "time", start_time(metadata))
    steps, more = sequence_steps(channels, {})
    return Parsed(technique_name(technique), channels, metadata, steps, [*warnings, *more])


def _layout(module: Module) -> tuple[Layout, int]:
    """The record's layout and how many records are promised."""
    data, version = module.data, module.version
    if len(data) < 6:
        raise CannotParse("an EC-Lab binary file that ends before its columns are named")
    promised, count = struct.unpack("<IB", data[:5])
    begin = _ROWS_AT.get(version)
    if begin is None:
        raise CannotParse(f"an EC-Lab binary file whose data module has version {version}, which is not known")
    kind = {0: "u1", 2: "<u2", 3: "<u2"}.get(version, ">u2")
    if len(data) < 5 + count * np.dtype(kind).itemsize:
        raise CannotParse("an EC-Lab binary file that ends before its columns are named")
    numbers = np.frombuffer(data, kind, count, offset=5).tolist()
    size = (len(data) - begin) // promised if module.whole and promised and len(data) > begin else None
    return Layout(numbers, begin, size), promised


def _channels(module: Module, layout: Layout, promised: int, warnings: list[str]) -> list[Channel]:
    body = module.data[layout.begin :]
    present = len(body) // layout.size if layout.size else 0
    count = min(promised, present)
    if count < promised:
        warnings.append(f"the file is cut: {count} of {promised} rows are whole")
    if not promised:
        warnings.append("holds columns but no rows: nothing was measured")
    warnings += layout.warnings
    return layout.channels(np.frombuffer(body, np.uint8, count * layout.size).reshape(count, layout.size))


def _text(data: bytes, at: int) -> str:
    """A text with its length before it."""
    size = data[at] if at < len(data) else 0
    return data[at + 1 : at + 1 + size].decode("cp1252", errors="replace").replace("\r\n", "\n").strip("\0 \n")


def _number(data: bytes, at: int) -> float | None:
    if at + 4 > len(data):
        return None
    value = float(np.frombuffer(data, "<f4", 1, at)[0])
    return float(f"{value:.6g}") if np.isfinite(value) and 0 < value < 1e9 and abs(value - _DEFAULT) > 1e-9 else None


def _settings(data: bytes) -> dict[str, Any]:
    """Cell characteristics at their places; the defaults of fields nobody filled are left out."""
    texts = {"comments": 0x07, "sample": 0x11E, "electrolyte": 0x1C0, "reference_electrode": 0x215}
    numbers = {
        "active_mass_mg": 0x107,
        "electrode_area_cm2": 0x211,
        "characteristic_mass_mg": 0x24C,
        "battery_capacity_mAh": 0x25C,
    }
    found: dict[str, Any] = {key: text for key, at in texts.items() if (text := _text(data, at)) and _is_entered(text)}
    return found | {key: value for key, at in numbers.items() if (value := _number(data, at)) is not None}


def _is_entered(text: str) -> bool:
    return text.replace("\n", "").isprintable() and text != "(unspecified)"


def _log(data: bytes) -> dict[str, Any]:
    """The start, and where it was measured."""
    found: dict[str, Any] = {}
    for at in _STAMP_AT:
        days = struct.unpack("<d", data[at : at + 8])[0] if at + 8 <= len(data) else 0.0
        if 30_000 < days < 75_000:
            start = _OLE + timedelta(days=days)
            start = start.replace(microsecond=0) + timedelta(milliseconds=round(start.microsecond / 1e3))
            found["start"] = start.isoformat()
            break
    if "start" not in found:
        return {}
    texts = {"original_file": 0x251, "host": 0x351, "address": 0x384, "software": 0x3B7, "device_serial": 0x3CF}
    at_serial = 0xAB
    if len(data) > at_serial + 2 and _STAMP_AT[0] + 8 <= len(data):
        found["channel"] = data[9] + 1
        found["channel_serial"] = struct.unpack_from("<H", data, at_serial)[0]
        found |= {key: text for key, at in texts.items() if (text := _text(data, at)) and text.isprintable()}
    return found


def _date(text: str) -> dict[str, Any]:
    for separator in "/-.":
        try:
            return {"date": datetime.strptime(text, f"%m{separator}%d{separator}%y").date().isoformat()}  # noqa: DTZ007
        except ValueError:
            continue
    return {}


def _loops(data: bytes) -> list[int]:
    """Rows at which loops begin."""
    count = struct.unpack("<I", data[:4])[0] if len(data) >= 4 else 0
    count = min(count, (len(data) - 4) // 4, 10_000)
    return [int(row) for row in np.frombuffer(data, "<u4", max(count, 0), offset=4)] if count > 0 else []
