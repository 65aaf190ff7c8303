"""Igor Pro waves (`.ibw`), packed experiments (`.pxt`, `.pxp`) and text (`.itx`): scaled arrays with their notes."""

import io
import logging
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.datasets import Array, Axis, Found, channels_of, label_of, technique_shown, understood
from ingest.parsers.grids import grid_channel, length_axes
from ingest.parsers.igor_wave.text import is_igor_text, side_by_side, waves_of
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.streams import head_unpacked, read_limited
from ingest.parsers.text import decode, lines_of
from ingest.schemas.registry import quantity_of
from ingest.schemas.units import parse_unit

_CHECKED = {1: 134, 2: 142, 3: 146, 5: 384}  # bytes that the checksum covers, by version
_LAYER_UNITS = (
    (re.compile(r"height|zsensor|z ?sens|deflection|amplitude|indentation|raw|defl", re.I), "m"),
    (re.compile("phase", re.I), "deg"),
    (re.compile("current", re.I), "A"),
    (re.compile("freq", re.I), "Hz"),
    (re.compile("potential|bias|volt", re.I), "V"),
)
MAX_WAVES = 200


def is_wave(data: bytes) -> bool:
    """True where the first bytes are a wave's header: a known version whose checksum is right."""
    for order in "<>":
        if len(data) < 2:
            return False
        (version,) = struct.unpack_from(order + "h", data)
        size = _CHECKED.get(version)
        if size and len(data) >= size and not sum(struct.unpack_from(f"{order}{size // 2}h", data)) & 0xFFFF:
            return True
    return False


def is_packed(data: bytes) -> bool:
    """True where the first bytes are a chain of records as a packed experiment writes them."""
    for order in "<>":
        at = 0
        kinds: list[int] = []
        while at + 8 <= len(data) and len(kinds) < 12:
            kind, version, size = struct.unpack_from(order + "HhI", data, at)
            if kind & 0x7FFF > 11 or not -10 <= version <= 20:
                kinds = []
                break
            kinds.append(kind & 0x7FFF)
            if kinds[-1] == 3 and is_wave(data[at + 8 : at + 408]):
                return True
            at += 8 + size
        if len(kinds) > 1 and {1, 2} <= set(kinds):
            return True
    return False


def _text(value: Any) -> str:  # Any: what igor2 gives
    if isinstance(value, np.ndarray):
        value = b"".join(value.reshape(-1).tolist())
    raw = value if isinstance(value, bytes) else str(value).encode()
    try:
        return raw.decode("utf-8").strip("\0 ")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace").strip("\0 ")


def _note(wave: dict[str, Any]) -> dict[str, str]:
    """Keys and values of a wave's note: `key: value` or `key=value`, one a line."""
    pairs: dict[str, str] = {}
    for line in re.split(r"[\r\n]+", _text(wave.get("note", b"")))[:3000]:
        match = re.match(r"^\s*([^:=]{1,60}?)\s*[:=]\s*(.*?)\s*$", line)
        if match is not None and match[2]:
            pairs.setdefault(match[1], match[2][:500])
    return pairs


def _units(wave: dict[str, Any], dimensions: int) -> list[str]:
    head = wave["wave_header"]
    if "dimUnits" in head:
        return [_text(head["dimUnits"][index]) for index in range(min(dimensions, 4))]
    return [_text(head.get("xUnits", b""))] + [""] * (dimensions - 1)


def _scaling(wave: dict[str, Any], dimensions: int) -> list[tuple[float, float]]:
    """(start, step) of each dimension."""
    head = wave["wave_header"]
    if "sfA" in head:
        return [(float(head["sfB"][index]), float(head["sfA"][index])) for index in range(min(dimensions, 4))]
    return [(float(head.get("hsB", 0.0)), float(head.get("hsA", 1.0)))] + [(0.0, 1.0)] * (dimensions - 1)


def _layers(wave: dict[str, Any], index: int) -> list[str]:
    labels = wave.get("labels") or []
    return [_text(label) for label in (labels[index] if index < len(labels) else [])[1:]]


def _image(name: str, cells: NDArray[Any], wave: dict[str, Any], unit: str | None) -> Channel | None:
    """A map over two lengths in metre: rows from the top, as one sees it; none where the directions are no lengths."""
    units, scaling = _units(wave, 2), _scaling(wave, 2)
    if units[:2] != ["m", "m"]:
        return None
    axes = length_axes((cells.shape[1], cells.shape[0]), (scaling[1][1], scaling[0][1]))
    made = grid_channel(name, cells.T[::-1], axes, unit)
    quantity, confidence = quantity_of(name, unit) if unit else (None, 0.0)
    return Channel(name, made.values, None, unit, quantity, confidence, None, None, made.grid)


def _axis_name(unit: str, index: int) -> str:
    if unit in ("eV", "meV", "keV"):
        return "energy"
    return {"deg": "angle", "s": "time", "K": "temperature", "V": "voltage", "Hz": "frequency"}.get(
        unit, f"dimension {index + 1}"
    )


def _arrays(name: str, wave: dict[str, Any]) -> list[Array]:
    """The wave as an array over scaled axes; a plain series gets its axis as a channel of its own."""
    data = np.asarray(wave["wData"])
    dimensions = data.ndim
    unit = _text(wave.get("data_units", b"")) or _text(wave["wave_header"].get("dataUnits", b"")) or None
    axes = []
    for index, (start, step) in enumerate(_scaling(wave, dimensions)):
        label = _units(wave, dimensions)[index] if index < len(_units(wave, dimensions)) else ""
        positions = start + step * np.arange(data.shape[index], dtype=np.float64)
        axes.append(Axis(_axis_name(label, index), positions, label or None))
    if dimensions != 1:
        return [Array(name, data, unit, tuple(axes), name)]
    axis = axes[0]
    if axis.values is None or (not axis.unit and _scaling(wave, 1)[0] == (0.0, 1.0)):
        return [Array(name, data, unit, (), name)]
    called = f"{axis.name} of {name}"
    return [Array(called, axis.values, axis.unit, (), name), Array(name, data, unit, (Axis(called),), name)]


def _channels(name: str, wave: dict[str, Any]) -> Found:
    data = np.asarray(wave["wData"])
    if data.dtype.kind not in "iufc":
        if data.dtype.kind == "S" and data.ndim == 1:
            return Found([Channel(name, texts=tuple(_text(item) for item in data))])
        return Found()
    if not data.size:
        return Found(warnings=[f"{name}: the wave is empty"])
    if data.ndim in (2, 3) and _units(wave, 2)[:2] == ["m", "m"] and data.shape[-1] > 0:
        layers = _layers(wave, 2) if data.ndim == 3 else [name]
        cube = data if data.ndim == 3 else data[:, :, None]
        made = []
        for index in range(cube.shape[2]):
            label = layers[index] if index < len(layers) and layers[index] else f"{name} layer {index + 1}"
            unit = (
                next((u for pattern, u in _LAYER_UNITS if pattern.search(label)), None)
                if data.ndim == 3
                else parse_unit(_text(wave.get("data_units", b"")), label)
            )
            channel = _image(label, cube[:, :, index], wave, unit)
            made += [channel] if channel is not None else []
        return Found(made)
    if data.ndim == 2 and any(_layers(wave, 1)) and data.shape[1] <= 64:
        labels = _layers(wave, 1)
        columns = [
            Array(labels[i] if i < len(labels) and labels[i] else f"{name} {i + 1}", data[:, i], None, (), name)
            for i in range(data.shape[1])
        ]
        return channels_of(columns)
    return channels_of(_arrays(name, wave))


def _technique(note: dict[str, str], channels: list[Channel]) -> str | None:
    """Asylum and SES write telling keys into their notes."""
    keys = {key.lower() for key in note}
    if "imagingmode" in keys or "scansize" in keys or "microscopemodel" in keys:
        return "afm" if any(channel.grid for channel in channels) else "afm_force"
    if {"lens mode", "pass energy"} <= keys and ("excitation energy" in keys or "energy scale" in keys):
        return (
            "arpes"
            if "angular" in note.get("Lens Mode", "").lower() and any(c.grid for c in channels)
            else "photoemission"
        )
    return technique_shown("\n".join(f"{key}: {value}" for key, value in list(note.items())[:60]), channels)


def _parsed(waves: list[tuple[str, dict[str, Any]]], name: str) -> Parsed:
    channels: list[Channel] = []
    warnings: list[str] = []
    notes: dict[str, str] = {}
    for number, (called, wave) in enumerate(waves[:MAX_WAVES]):
        found = _channels(called or f"wave {number + 1}", wave)
        channels += found.channels
        warnings += found.warnings
        for key, value in _note(wave).items():
            notes.setdefault(key, value)
    if not channels:
        raise CannotParse("an Igor file without a wave of numbers" + (": its only wave is empty" if warnings else ""))
    technique = _technique(notes, channels)
    joined = dict(notes)
    if "Date" in notes and "Time" in notes:
        joined["Date"] = f"{notes['Date']} {notes['Time']}"
    known = understood(joined, name)
    if "MicroscopeModel" in notes:
        known.setdefault("instrument", notes["MicroscopeModel"])
    return Parsed(
        label_of(technique), channels, {**known, "header": dict(list(notes.items())[:300])}, (), warnings[:40]
    )


def _packed(data: bytes) -> list[tuple[str, dict[str, Any]]]:
    import igor2.packed
    from igor2.record.wave import WaveRecord

    try:
        records, _ = igor2.packed.load(io.BytesIO(data))
    except ValueError:
        records, _ = igor2.packed.load(io.BytesIO(data), initial_byte_order=">")
    found = []
    for record in records:
        if isinstance(record, WaveRecord):
            wave = record.wave["wave"]
            found.append((_text(wave["wave_header"]["bname"]), wave))
    return found


class IgorWave:
    """Reads waves of all versions, packed experiments, and text."""

    name = "igor_wave"
    version = "2"

    def sniff(self, head: Head) -> float:
        """0.96 for a wave whose header's checksum is right, 0.95 for Igor text, 0.6 for what looks like a packed experiment."""
        if is_wave(head.data):
            return 0.96
        if is_igor_text(head_unpacked(head).data):
            return 0.95
        return 0.6 if is_packed(head.data) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """The wave or waves. Raises CannotParse."""
        import igor2.binarywave

        logging.getLogger("igor2").setLevel(logging.CRITICAL)
        data = read_limited(path)
        if is_igor_text(data[:100]):
            waves = waves_of(lines_of(decode(data).text))
            return side_by_side(_parsed(waves, name), waves)
        try:
            if not is_wave(data[:400]):
                return _parsed(_packed(data), name)
            wave = igor2.binarywave.load(io.BytesIO(data))["wave"]
            return _parsed([(_text(wave["wave_header"]["bname"]), wave)], name)
        except (CannotParse, MemoryError):
            raise
        except Exception as error:  # the library fails in many ways on damaged files
            raise CannotParse(
                f"the Igor file is damaged or of a rare kind: {type(error).__name__}: {error}"[:300]
            ) from error


plugin = IgorWave()
