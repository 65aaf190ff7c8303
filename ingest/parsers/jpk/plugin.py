"""JPK (Bruker) force microscopy: force curves, maps of force curves, quantitative images."""

import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.datasets import MAX_CELLS, label_of
from ingest.parsers.delimited_text.dates import decide_order, find_stamp
from ingest.parsers.jpk.images import read_image
from ingest.parsers.jpk.properties import calibrated, read_properties, stored, with_shared
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed, Step
from ingest.parsers.streams import read_limited
from ingest.schemas.registry import quantity_of
from ingest.schemas.units import parse_unit

MAX_CURVES = 400
MAX_MEMBER = 64 * 2**20
_SEGMENT = re.compile(r"^(?:(?:index|data)/(\d+)/)?segments/(\d+)/segment-header\.properties$")


class _Curves:
    """The segments of an archive, in order, joined end to end by channel."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names = set(archive.namelist())
        self.header = self._properties("header.properties")
        self.shared = self._properties("shared-data/header.properties")
        found = [(int(m[1] or 0), int(m[2]), name) for name in self.names if (m := _SEGMENT.match(name))]
        self.segments = sorted(found)
        self.columns: dict[str, list[Any]] = {}
        self.units: dict[str, str | None] = {}
        self.rows: list[int] = []
        self.steps: list[Step] = []
        self.stamps: list[str] = []
        self.warnings: list[str] = []

    def _member(self, name: str) -> bytes:
        if self.archive.getinfo(name).file_size > MAX_MEMBER:
            raise CannotParse(f"{name} in the JPK archive unpacks to more than {MAX_MEMBER // 2**20} MiB")
        return self.archive.read(name)

    def _properties(self, name: str) -> dict[str, str]:
        return read_properties(self._member(name)) if name in self.names else {}

    def read(self) -> None:
        """All segments up to the limit of curves."""
        curves = sorted({curve for curve, _, _ in self.segments})
        if len(curves) > MAX_CURVES:
            self.warnings.append(f"a map of {len(curves)} force curves: the first {MAX_CURVES} are read")
        last = curves[:MAX_CURVES][-1]
        cells = 0
        for curve, number, name in self.segments:
            if curve > last:
                break
            keys = with_shared(self._properties(name), self.shared)
            cells += self._segment(name.rsplit("/", 1)[0], keys, curve, number)
            if cells > MAX_CELLS:
                self.warnings.append(
                    f"the archive holds more than {MAX_CELLS} values; curves after number {curve} are left out"
                )
                break

    def _segment(self, folder: str, keys: dict[str, str], curve: int, number: int) -> int:
        made = {}
        for channel in keys.get("channels.list", "").split():
            member = f"{folder}/{keys.get(f'channel.{channel}.data.file.name') or f'channels/{channel}.dat'}"
            if member not in self.names:
                continue
            made[channel] = calibrated(stored(self._member(member), keys, channel), keys, channel)
        rows = max((len(scaled.values) for scaled in made.values()), default=0)
        if not rows:
            return 0
        for channel in dict.fromkeys([*self.columns, *made]):
            scaled = made.get(channel)
            column = self.columns.setdefault(channel, [np.full(sum(self.rows), np.nan)] if self.rows else [])
            values = scaled.values if scaled is not None else np.zeros(0)
            column.append(np.concatenate([values, np.full(rows - len(values), np.nan)]))
            if scaled is not None:
                self.units.setdefault(channel, scaled.unit)
        self.rows.append(rows)
        style = (
            keys.get("force-segment-header.settings.segment-settings.style")
            or keys.get("force-segment-header.settings.style")
            or "segment"
        )
        seconds = keys.get("force-segment-header.duration")
        self.steps.append(
            Step(style, None, None, {"curve": curve, "segment": number, "points": rows, "duration_s": seconds})
        )
        if stamp := keys.get("force-segment-header.time-stamp"):
            self.stamps.append(stamp)
        return rows * len(made)


def _start(curves: _Curves) -> str | None:
    for text in curves.stamps[:1] or [value for key, value in curves.header.items() if key.endswith("start-time")]:
        stamp = find_stamp(text)
        order = decide_order([stamp]) if stamp else None
        if stamp is not None and order is not None and stamp.has_clock:
            return stamp.readings[order].isoformat()
    return None


def _height(columns: dict[str, Any]) -> str | None:
    return next(
        (
            name
            for name in ("measuredHeight", "strainGaugeHeight", "capacitiveSensorHeight", "height", "head-height")
            if name in columns
        ),
        None,
    )


def _curves(path: Path) -> Parsed:
    with zipfile.ZipFile(path) as archive:
        if len(archive.infolist()) > 400_000:
            raise CannotParse("the JPK archive holds more files than any map of force curves")
        curves = _Curves(archive)
        if not curves.segments:
            raise CannotParse("a JPK archive without a recorded segment: the curve was never taken")
        curves.read()
    if not curves.columns:
        raise CannotParse("a JPK archive without recorded channels")
    axis = _height(curves.columns)
    channels = []
    for name, parts in curves.columns.items():
        unit_text = curves.units.get(name)
        unit = parse_unit(unit_text, "force" if unit_text == "N" else name) if unit_text else None
        shown = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
        quantity, confidence = quantity_of("force" if unit == "N" else shown, unit) if unit else (None, 0.0)
        channels.append(
            Channel(name, np.concatenate(parts), None, unit, quantity, confidence, axis if name != axis else None)
        )
    numbers = np.repeat(np.arange(1, len(curves.rows) + 1), curves.rows).astype(np.float64)
    channels.append(Channel("segment", numbers))
    described = {
        key.rsplit("data-description.", 1)[1]: value
        for key, value in curves.header.items()
        if "data-description." in key and value
    }
    metadata = {
        "start": _start(curves),
        "sample": described.get("name"),
        "operator": described.get("user-name"),
        "instrument": described.get("instrument"),
        "software": described.get("source-software"),
        "curves": len({s.values["curve"] for s in curves.steps}),
        "header": described,
    }
    return Parsed(
        label_of("afm_force"), channels, {k: v for k, v in metadata.items() if v}, curves.steps[:1000], curves.warnings
    )


class Jpk:
    """Reads force archives by the files in them, images by JPK's own tags."""

    name = "jpk"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for an archive whose header says JPK, 0.92 for a TIFF with JPK's tags."""
        data = head.data
        if data.startswith(b"PK\x03\x04"):
            return 0.95 if _is_archive(data) else 0.0
        if data[:4] in (b"II*\0", b"MM\0*"):
            order = "little" if data[:2] == b"II" else "big"
            code = (32768).to_bytes(2, "little" if order == "little" else "big")
            return 0.92 if _first_tags(data, order).issuperset({code}) else 0.0
        return 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """Curves or image. Raises CannotParse."""
        with path.open("rb") as stream:
            packed = stream.read(2) == b"PK"
        try:
            return _curves(path) if packed else read_image(read_limited(path))
        except (
            zipfile.BadZipFile,
            NotImplementedError,
            RuntimeError,
            EOFError,
            KeyError,
            ValueError,
            zlib.error,
        ) as error:
            raise CannotParse(f"the JPK archive is damaged: {error}") from error


def _is_archive(data: bytes) -> bool:
    """An archive with force segments: its first files are called as JPK calls them."""
    names: list[str] = []
    at = data.find(b"PK\x03\x04")
    while at >= 0 and len(names) < 60:
        size = int.from_bytes(data[at + 26 : at + 28], "little")
        names.append(data[at + 30 : at + 30 + size].decode("latin-1"))
        at = data.find(b"PK\x03\x04", at + 30)
    marks = ("segments/0", "data/0/segments", "shared-data/header.properties", "data-image.jpk-qi-image")
    return any(name.startswith(marks) for name in names)


def _first_tags(data: bytes, order: str) -> set[bytes]:
    """The codes of the first directory of a TIFF, where it lies in the head."""
    way: Any = order
    at = int.from_bytes(data[4:8], way)
    count = int.from_bytes(data[at : at + 2], way) if at + 2 <= len(data) else 0
    return {data[at + 2 + 12 * i : at + 4 + 12 * i] for i in range(min(count, 500))}


plugin = Jpk()
