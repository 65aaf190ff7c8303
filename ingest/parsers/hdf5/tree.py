"""Walks an HDF5 file without leaving it: links are resolved here, one by one, and none that names another file is followed."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.datasets import MAX_CELLS

MAX_OBJECTS = 20_000
MAX_DEPTH = 40


def child(group: Any, name: str, depth: int = 0) -> Any | None:  # Any: h5py ships no types
    """The object a link leads to inside the same file; none for links elsewhere, broken links, and chains without end."""
    import h5py

    if depth > MAX_DEPTH:
        return None
    link = group.get(name, getlink=True)
    if isinstance(link, h5py.HardLink):
        return group.get(name)
    if isinstance(link, h5py.SoftLink):
        return resolve(group, link.path, depth + 1)
    return None


def resolve(group: Any, path: str, depth: int = 0) -> Any | None:
    """The object at a path, from the root or from this group on, resolved link by link."""
    here = group.file["/"] if path.startswith("/") else group
    for part in (part for part in path.split("/") if part not in ("", ".")):
        if not hasattr(here, "keys"):
            return None
        here = child(here, part, depth)
        if here is None:
            return None
    return here


def _address(item: Any) -> Any:
    import h5py

    return h5py.h5o.get_info(item.id).addr


def walk(root: Any) -> Iterator[tuple[str, Any]]:
    """(path, object) of all groups and datasets by hard links, each once, level by level; root's path is empty."""
    import h5py

    waiting: list[tuple[str, Any]] = [("", root)]
    seen = {_address(root)}
    count = 0
    while waiting:
        path, item = waiting.pop(0)
        yield path, item
        if not isinstance(item, h5py.Group):
            continue
        for name in item:
            count += 1
            if count > MAX_OBJECTS or path.count("/") > MAX_DEPTH:
                return
            if not isinstance(item.get(name, getlink=True), h5py.HardLink):
                continue
            below = item.get(name)
            if isinstance(below, h5py.Group | h5py.Dataset) and (where := _address(below)) not in seen:
                seen.add(where)
                waiting.append((f"{path}/{name}", below))


def is_inside(dataset: Any) -> bool:
    """True when the values lie in this very file: no external storage, no virtual source elsewhere."""
    if dataset.external:
        return False
    if not dataset.is_virtual:
        return True
    return all(source.file_name in (".", "") for source in dataset.virtual_sources())


def text_of(value: Any) -> str | None:
    """A text, decoded; none for what is no text."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace").strip("\0 ")
    return value.strip("\0 ") if isinstance(value, str) else None


def attribute(item: Any, name: str) -> str | None:
    """An attribute as text; none where it is absent, is no text, or cannot be read."""
    try:
        return text_of(item.attrs.get(name))
    except (OSError, TypeError, ValueError, KeyError, RuntimeError, UnicodeDecodeError):
        return None


def texts(item: Any, name: str) -> list[str]:
    """An attribute that is one text (also parted by colons or commas) or several."""
    try:
        value = item.attrs.get(name)
    except (OSError, TypeError, ValueError, KeyError, RuntimeError):
        return []
    if isinstance(value, np.ndarray):
        return [text_of(entry) or "" for entry in value.reshape(-1)[:32]]
    one = text_of(value)
    return [part.strip() for part in one.replace(":", ",").split(",")] if one else []


def small(dataset: Any) -> Any:
    """The value of a scalar or one-element dataset: text, number, or none."""
    try:
        if dataset.size != 1 or dataset.dtype.itemsize > 100_000:
            return None
        value = dataset[()]
    except (OSError, TypeError, ValueError, RuntimeError, UnicodeDecodeError):
        return None
    if (text := text_of(value)) is not None:
        return text[:2000]
    flat = np.asarray(value).reshape(-1)
    return flat[0].item() if flat.dtype.kind in "iufb" else None


def is_numeric(dataset: Any) -> bool:
    """True for a dataset of numbers."""
    return dataset.dtype.kind in "iufbc" and dataset.shape is not None


def numbers(dataset: Any) -> NDArray[Any] | None:
    """All values; none where they lie in another file, are too many, or are damaged."""
    if not is_inside(dataset) or dataset.size > MAX_CELLS:
        return None
    try:
        return np.asarray(dataset[()])
    except (OSError, TypeError, ValueError, RuntimeError):
        return None
