"""Bruker/Veeco NanoScope images (`.spm`, `.000`): a text header and integers, scaled by the scanner's sensitivities."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ingest.parsers.datasets import label_of
from ingest.parsers.grids import check_size, grid_channel, length_axes
from ingest.parsers.protocol import CannotParse, Channel, GridAxis, Head, Parsed
from ingest.parsers.streams import read_limited
from ingest.schemas.registry import quantity_of
from ingest.schemas.units import parse_unit

_SECTION = re.compile(r"^\\\*(.+?)\s*$")
_KEY = re.compile(r"^\\(@?\d*:?[^:]+):\s*(.*?)\s*$")
_SCALE = re.compile(
    r"^V \[(?P<sens>[^\]]*)\](?: \((?P<hard>[\d.eE+-]+) [^)]*\))? (?P<value>[\d.eE+-]+)\s*(?P<unit>\S*)"
)
_SENS = re.compile(r"^V (?P<value>[\d.eE+-]+)\s*(?P<unit>\S*)")
_LENGTH = {"nm": 1e-9, "um": 1e-6, "~m": 1e-6, "µm": 1e-6, "mm": 1e-3, "pm": 1e-12, "m": 1.0}


class _Section(NamedTuple):
    name: str
    keys: dict[str, str]


def _sections(data: bytes) -> list[_Section]:
    """The sections of the header, in order, up to its end."""
    end = data.find(b"\\*File list end")
    if end < 0:
        raise CannotParse("the NanoScope file has no end of its header: it is cut short")
    made: list[_Section] = []
    for line in data[:end].decode("cp1252", errors="replace").splitlines():
        if (section := _SECTION.match(line)) is not None:
            made.append(_Section(section[1], {}))
        elif made and (pair := _KEY.match(line)) is not None:
            made[-1].keys.setdefault(pair[1], pair[2])
    return made


def _number(text: str | None) -> float | None:
    match = re.match(r"\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)", text or "")
    return float(match[1]) if match else None


def _numbered(keys: dict[str, str], name: str) -> str | None:
    """The value of a key such as `@2:Image Data`, whatever its number."""
    return next((value for key, value in keys.items() if key.startswith("@") and key.endswith(f":{name}")), None)


def _sensitivity(name: str, sections: list[_Section]) -> tuple[float, str] | None:
    for section in sections:
        match = _SENS.match(section.keys.get(f"@{name}", ""))
        if match is not None:
            return float(match["value"]), match["unit"].split("/")[0]
    return None


def _extent(image: dict[str, str], scan: dict[str, str]) -> tuple[float, float] | None:
    """Width and height in metre."""
    text = image.get("Scan Size") or image.get("Scan size") or scan.get("Scan Size") or scan.get("Scan size") or ""
    match = re.match(r"([\d.eE+-]+)\s+(?:([\d.eE+-]+)\s+)?(\S+)", text)
    scale = _LENGTH.get(match[3]) if match else None
    if match is None or scale is None:
        return None
    width = float(match[1]) * scale
    return width, float(match[2]) * scale if match[2] else width


def _image(
    data: bytes, image: dict[str, str], sections: list[_Section], scan: dict[str, str]
) -> tuple[Channel, list[str]]:
    columns, rows = int(_number(image.get("Samps/line")) or 0), int(_number(image.get("Number of lines")) or 0)
    cells = check_size((rows, columns))
    begin, length = int(_number(image.get("Data offset")) or 0), int(_number(image.get("Data length")) or 0)
    width = (
        length // cells
        if length and length % cells == 0 and length // cells in (2, 4)
        else int(_number(image.get("Bytes/pixel")) or 2)
    )
    if width not in (2, 4) or begin <= 0 or begin + width * cells > len(data):
        raise CannotParse("the values of an image are missing: the file is cut short")
    raw = np.frombuffer(data, f"<i{width}", cells, begin).reshape(rows, columns).astype(np.float64)
    label = re.search(r'"([^"]+)"', _numbered(image, "Image Data") or "")
    name = label[1] if label else "image"
    way = (image.get("Line Direction") or image.get("Line direction") or "").strip().lower()
    shown = f"{name} {way}".strip()
    values, unit, warnings = _scaled(raw, image, sections, name, width)
    extent = _extent(image, scan)
    axes = (
        length_axes((rows, columns), (extent[1] / rows, extent[0] / columns))
        if extent
        else [GridAxis("row", rows), GridAxis("column", columns)]
    )
    made = grid_channel(shown, values[::-1], axes, unit)  # the first line of the file is the lowest of the image
    quantity, confidence = quantity_of(name, unit) if unit else (None, 0.0)
    return Channel(shown, made.values, None, unit, quantity, confidence, None, None, made.grid), warnings


def _scaled(
    raw: Any, image: dict[str, str], sections: list[_Section], name: str, width: int
) -> tuple[Any, str | None, list[str]]:
    """Integers in the unit of the sensitivity the header names; as they are where it does not."""
    scale = _SCALE.match(_numbered(image, "Z scale") or "")
    if scale is None:
        return raw, None, [f"{name}: the header states no scale; the values are the stored integers"]
    volts = raw * (float(scale["value"]) / 2.0 ** (8 * width))
    if not scale["sens"]:
        return volts, parse_unit(scale["unit"], name) if scale["unit"] else None, []
    sens = _sensitivity(scale["sens"], sections)
    if sens is None:
        return (
            volts,
            "V" if scale["unit"] == "V" else None,
            [f"{name}: the sensitivity {scale['sens']!r} is not in the header; the values are in volt"],
        )
    unit = parse_unit(sens[1].replace("º", "deg").replace("°", "deg").replace("~m", "um"), name) if sens[1] else None
    return volts * sens[0], unit, []


def _date(text: str | None) -> str | None:
    for form in ("%I:%M:%S %p %a %b %d %Y", "%H:%M:%S %a %b %d %Y"):
        try:
            return datetime.strptime((text or "").strip(), form).isoformat()  # noqa: DTZ007 (the file states no zone)
        except ValueError:
            continue
    return None


class Nanoscope:
    """Reads images; force files are refused with a reason."""

    name = "nanoscope"
    version = "1"

    def sniff(self, head: Head) -> float:
        r"""0.97 for the first line `\*File list` or `\*Force file list`."""
        return 0.97 if re.match(rb"\\\*(?:Force f|F)ile list\r?\n", head.data) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All images. Raises CannotParse."""
        data = read_limited(path)
        if data.startswith(b"\\*Force"):
            raise CannotParse("a NanoScope force curve: only NanoScope images are read so far")
        sections = _sections(data)
        first = sections[0].keys if sections else {}
        scan = next((section.keys for section in sections if section.name in ("Ciao scan list", "Scan list")), {})
        channels: list[Channel] = []
        warnings: list[str] = []
        for section in sections:
            if section.name in ("Ciao image list", "Image list"):
                try:
                    channel, said = _image(data, section.keys, sections, scan)
                except CannotParse as error:
                    warnings.append(str(error))
                    continue
                number = sum(other.name.startswith(channel.name) for other in channels)
                channels.append(
                    channel
                    if not number
                    else Channel(
                        f"{channel.name} {number + 1}",
                        channel.values,
                        None,
                        channel.unit,
                        channel.quantity,
                        channel.confidence,
                        None,
                        None,
                        channel.grid,
                    )
                )
                warnings += said
        if not channels:
            raise CannotParse(f"a NanoScope file without a complete image{': ' + warnings[0] if warnings else ''}")
        mode = next(
            (
                section.keys.get("Operating mode") or section.keys.get("Microscope")
                for section in sections
                if "Microscope" in section.keys or "Operating mode" in section.keys
            ),
            None,
        )
        metadata = {
            "start": _date(first.get("Date")),
            "software": f"NanoScope {first.get('Version', '')}".strip(),
            "mode": mode,
            "scan_rate_Hz": _number(scan.get("Scan Rate") or scan.get("Scan rate")),
            "header": {key: value for section in sections for key, value in list(section.keys.items())[:80]},
        }
        technique = "stm" if (mode or "").upper() == "STM" else "afm"
        return Parsed(label_of(technique), channels, {k: v for k, v in metadata.items() if v}, (), warnings)


plugin = Nanoscope()
