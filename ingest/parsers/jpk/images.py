"""JPK images: a TIFF with one page a channel, each with a chain of calibrations in private tags."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.datasets import label_of
from ingest.parsers.delimited_text.dates import decide_order, find_stamp
from ingest.parsers.grids import check_size, grid_channel, length_axes
from ingest.parsers.protocol import CannotParse, Channel, GridAxis, Parsed
from ingest.schemas.registry import quantity_of
from ingest.schemas.units import parse_unit

PROGRAM, WIDTH, HEIGHT, MODE = 32768, 32834, 32835, 32850
_CHANNEL, _BACKWARD, _FANCY, _SLOTS, _DEFAULT, _FIRST, _STRIDE = 32848, 32849, 32850, 32896, 32897, 32912, 48


def _tags(page: Any) -> dict[int, Any]:  # Any: tifffile's types
    return {tag.code: tag.value for tag in page.tags.values()}


def _scaled(values: NDArray[np.float64], tags: dict[int, Any]) -> tuple[NDArray[np.float64], str | None]:
    """Stored numbers in the page's default calibration: each slot states its scaling from the stored numbers."""
    wanted = str(tags.get(_DEFAULT, ""))
    for slot in range(min(int(tags.get(_SLOTS, 0) or 0), 20)):
        at = _FIRST + slot * _STRIDE
        if str(tags.get(at, "")) != wanted:
            continue
        unit = tags.get(at + 18)
        if tags.get(at + 19) != "LinearScaling":
            return values, str(unit) if unit else None
        return values * float(tags[at + 20]) + float(tags[at + 21]), str(unit) if unit else None
    return values, None


def _start(tags: dict[int, Any]) -> str | None:
    stamp = find_stamp(str(tags.get(32771) or tags.get(32774) or ""))
    order = decide_order([stamp]) if stamp else None
    return stamp.readings[order].isoformat() if stamp is not None and order is not None and stamp.has_clock else None


def _channel(page: Any, extent: tuple[float, float], taken: set[str]) -> Channel:
    tags = _tags(page)
    check_size(page.shape)
    values, unit_text = _scaled(page.asarray().astype(np.float64), tags)
    label = str(tags.get(_FANCY) or tags.get(_CHANNEL) or "channel")
    name = f"{label} {'backward' if str(tags.get(_BACKWARD)) in ('1', 'True') else 'forward'}"
    while name in taken:
        name += "'"
    taken.add(name)
    unit = parse_unit(unit_text, "force" if unit_text == "N" else label) if unit_text else None
    rows, columns = page.shape
    axes = (
        length_axes((rows, columns), (extent[1] / rows, extent[0] / columns))
        if min(extent) > 0
        else [GridAxis("row", rows), GridAxis("column", columns)]
    )
    made = grid_channel(name, values[::-1], axes, unit)  # the first line of the file is the lowest of the image
    quantity, confidence = quantity_of(label, unit) if unit else (None, 0.0)
    return Channel(name, made.values, None, unit, quantity, confidence, None, None, made.grid)


def read_image(data: bytes) -> Parsed:
    """All channels of an image. Raises CannotParse."""
    import logging

    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as tif:
            first = _tags(tif.pages[0])
            if PROGRAM not in first or WIDTH not in first:
                raise CannotParse("a TIFF image that JPK did not write")
            extent = (float(first[WIDTH]), float(first[HEIGHT]))
            pages = [page for page in tif.pages[:64] if _CHANNEL in _tags(page) and page.ndim == 2]
            taken: set[str] = set()
            channels = [_channel(page, extent, taken) for page in pages]
    except (CannotParse, MemoryError):
        raise
    except Exception as error:  # the library fails in many ways on damaged files
        raise CannotParse(f"the JPK image is damaged: {type(error).__name__}: {error}"[:300]) from error
    if not channels:
        raise CannotParse("a JPK image without a channel: only its thumbnail is there")
    names = {
        "software": f"JPK {first[PROGRAM]}",
        "mode": first.get(MODE),
        "operator": first.get(32777),
        "start": _start(first),
        "sample": None if first.get(32773) in ("<empty>", "") else first.get(32773),
    }
    return Parsed(label_of("afm"), channels, {key: value for key, value in names.items() if value})
