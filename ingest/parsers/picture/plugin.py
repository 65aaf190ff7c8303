"""PNG, JPEG, BMP and GIF pictures as brightness over pixels; the technique stays open, for a picture rarely tells it."""

import io
import warnings as python_warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.grids import check_size, grey, grid_channel
from ingest.parsers.protocol import CannotParse, GridAxis, Head, Parsed
from ingest.parsers.streams import read_limited

_ALLOWED = ("PNG", "JPEG", "BMP", "GIF", "DIB")
_EXIF = {271: "maker", 272: "model", 305: "software", 315: "artist", 270: "description"}


def _taken(exif: Any) -> str | None:  # Any: Pillow's types
    """When a camera took the picture, by its own clock."""
    inner = exif.get_ifd(0x8769)
    for value in (inner.get(36867), inner.get(36868)):
        try:
            return datetime.strptime(str(value).strip("\0 "), "%Y:%m:%d %H:%M:%S").isoformat()  # noqa: DTZ007
        except ValueError:
            continue
    return None


def _facts(image: Any) -> dict[str, Any]:
    exif = image.getexif()
    made: dict[str, Any] = {"format": image.format, "mode": image.mode, "start": _taken(exif)}
    made |= {key: str(exif[code]).strip("\0 ") for code, key in _EXIF.items() if exif.get(code)}
    texts = {key: value[:500] for key, value in image.info.items() if isinstance(value, str) and isinstance(key, str)}
    if texts:
        made["header"] = texts
    if made.get("maker"):
        made["instrument"] = " ".join(str(made[key]) for key in ("maker", "model") if made.get(key))
    return {key: value for key, value in made.items() if value}


def _plausible_bitmap(data: bytes, size: int) -> bool:
    """A BMP says its own size and has a header of a known length; two letters alone are no bitmap."""
    stated, header = int.from_bytes(data[2:6], "little"), int.from_bytes(data[14:18], "little")
    return header in (12, 40, 52, 56, 64, 108, 124) and (stated in (0, size) or abs(stated - size) < 64)


class Picture:
    """Reads pictures of plain formats."""

    name = "picture"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.9 for the signature of PNG, JPEG, GIF, and of BMP with a header that fits the file."""
        data = head.data
        if data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")):
            return 0.9
        return 0.9 if data[:2] == b"BM" and _plausible_bitmap(data, head.size) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """The picture. Raises CannotParse."""
        from PIL import Image

        data = read_limited(path)
        try:
            with python_warnings.catch_warnings():
                python_warnings.simplefilter("ignore")
                image = Image.open(io.BytesIO(data), formats=_ALLOWED)
                check_size((image.height, image.width))
                facts = _facts(image)
                pixels = np.asarray(image if image.mode in ("L", "I", "F", "I;16", "RGB") else image.convert("RGB"))
        except (CannotParse, MemoryError):
            raise
        except Exception as error:  # the library fails in many ways on damaged files
            raise CannotParse(f"the picture is damaged: {type(error).__name__}: {error}"[:300]) from error
        cells = grey(pixels)
        axes = [GridAxis("row", cells.shape[0]), GridAxis("column", cells.shape[1])]
        said = (
            []
            if pixels.ndim == 2 or (pixels[..., 0] == pixels[..., 1]).all()
            else ["a colour picture: the channel is its brightness"]
        )
        warning = "a picture states no length of its pixels and no technique; nothing is claimed"
        return Parsed("", [grid_channel("brightness", cells, axes)], facts, (), [warning, *said])


plugin = Picture()
