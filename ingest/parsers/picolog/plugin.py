"""PicoLog 6 (`.picolog`): a tar archive with metadata in JSON, a map of chunks, and chunks of big-endian floats in gzip.

A chunk `channel/resolution/start` begins at `start` (milliseconds since 1970, UTC); at resolution 1 its values are one interval of
the channel apart; no value is NaN.
"""

import json
import tarfile
import zlib
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.columns import technique_name
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed

_MAX_PART = 256 * 2**20
_UNITS = {"thermocouple": "degC", "cold-junction": "degC"}


def _parts(path: Path) -> dict[str, bytes]:
    """The archive's files by name, unpacked from gzip. Raises CannotParse."""
    found = {}
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isfile() and member.size <= _MAX_PART else None
                if stream is not None and not member.name.endswith((".png", ".jpg")):
                    found[member.name.removeprefix("./")] = stream.read()
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        if not found:
            raise CannotParse(f"the archive is damaged: {error}") from error
    return {name: _unpacked(data) if name.endswith(".gz") else data for name, data in found.items()}


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(data, _MAX_PART)
    except zlib.error:
        return b""


def _json(parts: dict[str, bytes], name: str) -> Any:
    try:
        return json.loads(parts[name])
    except KeyError as error:
        raise CannotParse(f"the archive holds no {name}") from error
    except (ValueError, RecursionError) as error:
        raise CannotParse(f"{name} is damaged: {error}") from error


def _inputs(metadata: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Enabled inputs by their name in the map of chunks."""
    found = {}
    for device in (metadata.get("devices") or {}).get("items") or []:
        model = str(device.get("__type", "")).removesuffix("Device")
        for item in device.values():
            if isinstance(item, dict) and item.get("enabled") and item.get("channelIdentifier"):
                found[item["channelIdentifier"]] = {**item, "model": model, "serial": device.get("serialInternal")}
    return found


def _samples(
    chunks: list[tuple[int, NDArray[np.float64]]], interval: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Times (ms) and values of one input, from its first to its last value."""
    times = np.concatenate(
        [
            start + np.round(np.arange(len(values)) * interval).astype(np.int64)
            for start, values in sorted(chunks, key=lambda c: c[0])
        ]
    )
    values = np.concatenate([values for _, values in sorted(chunks, key=lambda c: c[0])])
    there = np.flatnonzero(np.isfinite(values))
    keep = slice(there[0], there[-1] + 1) if len(there) else slice(0, 0)
    return times[keep], values[keep]


def _chunks(parts: dict[str, bytes]) -> dict[str, list[tuple[int, NDArray[np.float64]]]]:
    """Chunks of full resolution by input. Raises CannotParse."""
    found: dict[str, list[tuple[int, NDArray[np.float64]]]] = defaultdict(list)
    listed = _json(parts, "data-map.json.gz")
    for entry in listed if isinstance(listed, list) else []:
        try:
            tag, (file, offset, length) = entry
            key, resolution, start = str(tag).rsplit("/", 2)
            raw = parts.get(file, b"")[int(offset) : int(offset) + int(length)]
            if resolution == "1":
                found[key.rpartition(".")[2]].append(
                    (int(start), np.frombuffer(raw[: len(raw) // 4 * 4], ">f4").astype(np.float64))
                )
        except (TypeError, ValueError):
            continue
    return found


class PicoLog:
    """Every enabled input with its own times."""

    name = "picolog"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for a tar archive that begins with PicoLog's metadata."""
        if head.data[257:262] != b"ustar":
            return 0.0
        first = head.data[:16384]
        return 0.95 if b"metadata.json" in first and b'"appVersion"' in first and b'"devices"' in first else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All inputs at full resolution. Raises CannotParse."""
        parts = _parts(path)
        told = _json(parts, "metadata.json")
        inputs = _inputs(told)
        channels: list[Channel] = []
        warnings = []
        first: list[int] = []
        last: list[int] = []
        for key, chunks in _chunks(parts).items():
            item = inputs.get(key, {})
            interval = (item.get("captureConfig") or {}).get("interval")
            if not isinstance(interval, int | float) or not interval > 0:
                warnings.append(f"{key}: its sampling interval is not in the metadata; it is left out")
                continue
            times, values = _samples(chunks, float(interval))
            title = str(item.get("description") or key)
            unit = _UNITS.get(str(item.get("channelType")))
            stamps = times * 1_000_000
            clock = Channel(
                f"{title} time",
                (times - times[0]) / 1e3 if len(times) else np.zeros(0),
                unit="s",
                quantity="time",
                confidence=1.0,
                times=stamps,
            )
            quantity = "temperature" if unit == "degC" else None
            channels += [
                clock,
                Channel(
                    title,
                    values,
                    unit=unit,
                    quantity=quantity,
                    confidence=0.95 if quantity else 0.0,
                    axis=clock.name,
                    times=stamps,
                ),
            ]
            first += [int(times[0])] if len(times) else []
            last += [int(times[-1])] if len(times) else []
        if not any(item.rows for item in channels):
            raise CannotParse("holds no values: the recording never began or the file is damaged")
        technique = "temperature_logging" if all(item.unit in ("degC", "s") for item in channels) else None
        return Parsed(technique_name(technique), channels, _metadata(told, inputs, min(first), max(last)), (), warnings)


def _metadata(told: dict[str, Any], inputs: dict[str, dict[str, Any]], first: int, last: int) -> dict[str, Any]:
    """Start and end from the stated start and the last value; both UTC."""
    start = str(told.get("startDate") or "")
    found: dict[str, Any] = {"start": start.replace("Z", "+00:00")} if start.endswith("Z") else {"start": _iso(first)}
    found |= {"end": _iso(last), "time_zone": told.get("timezone"), "software": told.get("appVersion")}
    some: dict[str, Any] = next(iter(inputs.values()), {})
    found |= {"instrument": some.get("model"), "serial_number": some.get("serial")}
    found["inputs"] = {
        key: {"name": item.get("description"), "sensor": item.get("input")} for key, item in inputs.items()
    }
    return {key: value for key, value in found.items() if value}


def _iso(milliseconds: int) -> str:
    return str(np.datetime64(milliseconds, "ms")) + "+00:00"


plugin = PicoLog()
