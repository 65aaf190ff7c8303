"""TIFF images: of electron microscopes with their calibration, of ImageJ, and plain ones; a zip of such images."""

import io
import logging
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.datasets import label_of
from ingest.parsers.grids import check_size, grey, grid_channel, length_axes
from ingest.parsers.protocol import CannotParse, Channel, GridAxis, Head, Parsed
from ingest.parsers.streams import read_limited
from ingest.parsers.tiff_image.microscopes import Told, described, fei, imagej, olympus, zeiss

MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MAX_PAGES = 2000
MAX_MEMBERS = 60


def _written(page: Any) -> datetime | None:  # Any: tifffile's types
    """The date and time tag of a page."""
    tag = page.tags.get(306)
    try:
        return datetime.strptime(str(tag.value).strip("\0 "), "%Y:%m:%d %H:%M:%S") if tag is not None else None  # noqa: DTZ007
    except ValueError:
        return None


def _resolution(page: Any) -> tuple[float, float] | None:
    """Pixels per resolution unit."""
    made = []
    for code in (282, 283):
        tag = page.tags.get(code)
        value = tag.value if tag is not None else None
        if not isinstance(value, tuple) or len(value) != 2 or not value[1]:
            return None
        made.append(value[0] / value[1])
    return made[0], made[1]


def _told(tif: Any) -> Told:
    page = tif.pages[0]
    tags = getattr(tif, "sem_metadata", None)
    if tags:
        return zeiss(tags)
    tags = getattr(tif, "fei_metadata", None)
    if tags:
        return fei(tags, _written(page))
    tags = next((tag.value for page in tif.pages[:4] if (tag := page.tags.get(33560)) is not None), None)
    if isinstance(tags, dict):
        told = olympus(tags)
        told.facts.setdefault("instrument", _text(page, 272))
        return told
    if tif.is_imagej and tif.imagej_metadata:
        return imagej(tif.imagej_metadata, _resolution(page))
    told = described(_text(page, 270) or "")
    if told.facts.get("start") is None and (when := _written(page)) is not None and told.technique:
        told.facts["start"] = when.isoformat()
    return told


def _text(page: Any, code: int) -> str | None:
    tag = page.tags.get(code)
    value = tag.value if tag is not None else None
    return value.strip("\0 ") or None if isinstance(value, str) else None


def _common(tif: Any, told: Told) -> dict[str, Any]:
    """Facts of any TIFF: maker, model, software, description, date."""
    page = tif.pages[0]
    made: dict[str, Any] = {}
    for key, code in (("maker", 271), ("model", 272), ("software", 305), ("artist", 315), ("description", 270)):
        value = _text(page, code)
        if value and not (key == "description" and len(value) > 2000):
            made[key] = value
    when = _written(page)
    if when is not None:
        made["file_date"] = when.isoformat()
        if told.facts.get("start") is None and made.get("maker"):
            made["start"] = when.isoformat()  # a camera or microscope names itself and when it took the picture
    return {**made, **{key: value for key, value in told.facts.items() if value not in (None, "")}}


def _axes(shape: Sequence[int], told: Told) -> list[GridAxis]:
    rows, columns = shape
    if told.pixel_m is None:
        return [GridAxis("row", rows), GridAxis("column", columns)]
    return length_axes(shape, (told.pixel_m[1], told.pixel_m[0]))


def _pages(tif: Any) -> list[Any]:
    """The pages of full size; thumbnails and other reduced copies are left out."""
    pages = list(tif.pages[:MAX_PAGES]) if len(tif.pages) > 1 else [tif.pages[0]]
    full = [page for page in pages if page.shape and not (getattr(page, "subfiletype", 0) & 1)]
    return full or pages


def _grids(tif: Any, told: Told, warnings: list[str]) -> list[Channel]:
    pages = _pages(tif)
    shapes = [tuple(page.shape[:2]) for page in pages]
    scalar = [page for page, shape in zip(pages, shapes, strict=True) if shape == shapes[0]]
    measured = [page for page in pages if page.ndim == 2 and page.dtype.itemsize > 1]
    if 0 < len(measured) < len(pages):
        scalar = [
            page for page in measured if tuple(page.shape) == tuple(measured[0].shape)
        ]  # a rendered copy stands beside them
    if len(scalar) == 1:
        check_size(scalar[0].shape)
        return [grid_channel("intensity", grey(scalar[0].asarray()), _axes(scalar[0].shape[:2], told))]
    if len(scalar) < len(pages):
        warnings.append(f"{len(pages) - len(scalar)} pages of another size or kind were left out")
    check_size((len(scalar), *scalar[0].shape), "the stack")
    cells = np.stack([grey(page.asarray()) for page in scalar])
    return [grid_channel("intensity", cells, [GridAxis("frame", len(scalar)), *_axes(cells.shape[1:], told)])]


def read_image(data: bytes) -> Parsed:
    """What one TIFF says. Raises CannotParse."""
    import tifffile

    logging.getLogger("tifffile").setLevel(
        logging.CRITICAL
    )  # it reports every odd tag; what matters is a warning of ours
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as tif:
            if not len(tif.pages):
                raise CannotParse("a TIFF file without an image in it")
            told = _told(tif)
            warnings = list(told.warnings)
            channels = _grids(tif, told, warnings)
            if told.pixel_m is None:
                warnings.append("the file states no pixel size; positions are pixels")
            return Parsed(label_of(told.technique), channels, _common(tif, told), (), warnings)
    except (CannotParse, MemoryError):
        raise
    except Exception as error:  # the library fails in many ways on damaged files
        raise CannotParse(
            f"the TIFF file is damaged or of a rare kind: {type(error).__name__}: {error}"[:300]
        ) from error


def _zip(path: Path) -> Parsed:
    """All images of a zip: one channel each, the first one's facts on top, all under `images`."""
    channels: list[Channel] = []
    facts: dict[str, Any] = {}
    warnings: list[str] = []
    techniques: list[str] = []
    with zipfile.ZipFile(path) as archive:
        members = [item for item in archive.infolist() if not item.is_dir()]
        if (
            not members
            or len(members) > MAX_MEMBERS
            or not all(item.filename.lower().endswith((".tif", ".tiff")) for item in members)
        ):
            raise CannotParse("a zip that does not only hold TIFF images")
        if sum(item.file_size for item in members) > 256 * 2**20:
            raise CannotParse("the zip unpacks to more than 256 MiB")
        for item in members:
            try:
                parsed = read_image(archive.read(item))
            except CannotParse as error:
                warnings.append(f"{item.filename}: {error}")
                continue
            stem = Path(item.filename).stem
            channels += [
                replace(channel, name=stem if len(parsed.channels) == 1 else f"{stem} {channel.name}")
                for channel in parsed.channels
            ]
            facts[stem] = dict(parsed.metadata)
            warnings += [f"{item.filename}: {warning}" for warning in parsed.warnings]
            techniques.append(parsed.technique)
    if not channels:
        raise CannotParse("no image of the zip can be read")
    claimed = {technique for technique in techniques if technique}
    starts = sorted(str(f["start"]) for f in facts.values() if f.get("start"))
    metadata = {"images": facts, **({"start": starts[0]} if starts else {})}
    return Parsed(claimed.pop() if len(claimed) == 1 else "", channels, metadata, (), warnings[:40])


class TiffImage:
    """Reads TIFF, and zips that hold nothing else."""

    name = "tiff_image"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.7 for a TIFF (a parser that knows its program is asked first), 0.6 for a zip whose first file is one."""
        if head.data[:4] in MAGICS:
            return 0.7
        return 0.6 if _first_is_tiff(head.data) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """The image or images. Raises CannotParse."""
        with path.open("rb") as stream:
            packed = stream.read(2) == b"PK"
        try:
            return _zip(path) if packed else read_image(read_limited(path))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, zlib.error) as error:
            raise CannotParse(f"the zip is damaged or locked: {error}") from error


def _first_is_tiff(data: bytes) -> bool:
    """Whether the first file in a zip is a TIFF by its content."""
    if len(data) < 34 or not data.startswith(b"PK\x03\x04"):
        return False
    begin = 30 + int.from_bytes(data[26:28], "little") + int.from_bytes(data[28:30], "little")
    method = int.from_bytes(data[8:10], "little")
    try:
        start = zlib.decompressobj(-15).decompress(data[begin:], 8) if method == 8 else data[begin : begin + 8]
    except zlib.error:
        return False
    return start[:4] in MAGICS


plugin = TiffImage()
