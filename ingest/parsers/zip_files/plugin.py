"""Files packed together or alone: each member is given to the parsers, what they say becomes one measurement."""

import bz2
import contextlib
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from ingest.parsers.archive import Archive
from ingest.parsers.datasets import MAX_CELLS, MAX_CHANNELS
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed, Step
from ingest.parsers.streams import MAX_BYTES

MAX_MEMBERS = 300
_ALONE: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open, b"\xfd7": lzma.open}
_HIDDEN = ("__MACOSX/", ".DS_Store", "Thumbs.db")


def _attempt(data: bytes, name: str) -> tuple[str, Parsed]:
    """The first parser that reads these bytes, and what it says. Raises CannotParse with the surest one's reason."""
    from ingest.parsers.registry import CERTAIN, HEAD_BYTES, candidates

    place = Path.cwd() / "unpacked-member"  # inside the sandbox this is the only folder that may be written
    try:
        place.write_bytes(data)
        reason = "no parser recognises it"
        for confidence, parser in candidates(Head(name, data[:HEAD_BYTES], len(data))):
            if parser.name == "zip_files":
                continue
            try:
                return parser.name, parser.parse(place, name)
            except CannotParse as error:
                reason = reason if reason != "no parser recognises it" else f"{parser.name}: {error}"
            if confidence >= CERTAIN:
                break
        raise CannotParse(reason)
    finally:
        with contextlib.suppress(OSError):  # the sandbox keeps it until it is thrown away whole
            place.unlink(missing_ok=True)


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    with Archive(path) as archive:
        names = [
            name for name in archive.names if not name.endswith("/") and not any(hidden in name for hidden in _HIDDEN)
        ]
        if not names:
            raise CannotParse("the zip holds no file")
        if len(names) > MAX_MEMBERS:
            raise CannotParse(
                f"the zip holds {len(names)} files ({', '.join(names[:3])}, ...); more than {MAX_MEMBERS} are not read as one measurement"
            )
        for name in names:
            yield name, archive.read(name)


def _labels(names: list[str]) -> dict[str, str]:
    """A short label of each member: its name without the extension where that is enough."""
    stems = [PurePosixPath(name).stem for name in names]
    return {name: stem if stems.count(stem) == 1 else name for name, stem in zip(names, stems, strict=True)}


class _Joined:
    """What the members say together."""

    def __init__(self, labels: dict[str, str]) -> None:
        self.labels = labels
        self.channels: list[Channel] = []
        self.steps: list[Step] = []
        self.warnings: list[str] = []
        self.files: dict[str, Any] = {}
        self.techniques: list[str] = []
        self.cells = 0

    def take(self, name: str, parser: str, parsed: Parsed) -> None:
        """Add a member under its label."""
        label = self.labels[name]
        self.cells += sum(channel.rows for channel in parsed.channels)
        if self.cells > MAX_CELLS or len(self.channels) > MAX_CHANNELS:
            raise CannotParse("the zip holds more values than one reading may carry")
        for channel in parsed.channels:
            axis = f"{label}: {channel.axis}" if channel.axis else None
            self.channels.append(replace(channel, name=f"{label}: {channel.name}", axis=axis))
        self.steps += [replace(step, name=f"{label}: {step.name}") for step in parsed.steps]
        self.warnings += [f"{name}: {warning}" for warning in parsed.warnings]
        known = {
            key: parsed.metadata[key]
            for key in ("start", "end", "sample", "operator", "instrument")
            if key in parsed.metadata
        }
        self.files[name] = {"parser": parser, "technique": parsed.technique or None, **known}
        self.techniques.append(parsed.technique)

    def parsed(self) -> Parsed:
        """One measurement: a technique only where all members agree, the earliest start."""
        agreed = set(self.techniques)
        starts = sorted(str(file["start"]) for file in self.files.values() if file.get("start"))
        zones = {text[19:] for text in starts if "+" in text[19:] or text.endswith("Z")}
        metadata: dict[str, Any] = {"files": self.files, "confidence": 0.6}
        if starts and len(zones) <= 1:
            metadata["start"] = starts[0]
        samples = {str(file["sample"]) for file in self.files.values() if file.get("sample")}
        if len(samples) == 1:
            metadata["sample"] = samples.pop()
        return Parsed(
            agreed.pop() if len(agreed) == 1 else "", self.channels, metadata, self.steps[:1000], self.warnings[:40]
        )


def _zip(path: Path) -> Parsed:
    members = list(_members(path))
    joined = _Joined(_labels([name for name, _ in members]))
    unread: list[str] = []
    for name, data in members:
        if not data:
            unread.append(f"{name}: empty")
            continue
        try:
            joined.take(name, *_attempt(data, PurePosixPath(name).name))
        except CannotParse as error:
            unread.append(f"{name}: {error}")
    if not joined.files or (len(unread) > 2 and len(unread) > len(joined.files)):
        raise CannotParse(
            f"a zip of {len(members)} files that make no measurement together; the first: {'; '.join(unread[:3])}"[:600]
        )
    joined.warnings[:0] = [f"not read: {reason}" for reason in unread[:10]]
    return joined.parsed()


def _alone(path: Path, name: str, magic: bytes) -> Parsed:
    try:
        with cast("IO[bytes]", _ALONE[magic](path, "rb")) as stream:  # typed as a union by mode
            data = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise CannotParse(f"the compressed file is damaged: {error}") from error
    if len(data) > MAX_BYTES:
        raise CannotParse(f"unpacks to more than {MAX_BYTES // 2**20} MiB")
    inner = name
    for ending in (".gz", ".bz2", ".xz", ".lzma"):
        inner = inner.removesuffix(ending)
    parser, parsed = _attempt(data, inner)
    return replace(parsed, metadata={**parsed.metadata, "packed_parser": parser})


class ZipFiles:
    """Reads zips of files that other parsers know, and files packed alone by gzip, bzip2 or xz."""

    name = "zip_files"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.4 for a zip, 0.35 for a packed file: after every parser that knows its own container."""
        if head.data.startswith(b"PK\x03\x04"):
            return 0.4
        return 0.35 if head.data[:2] in (b"\x1f\x8b", b"\xfd7") or head.data[:3] == b"BZh" else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All members. Raises CannotParse."""
        with path.open("rb") as stream:
            magic = stream.read(2)
        try:
            return _zip(path) if magic == b"PK" else _alone(path, name, magic)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise CannotParse(f"the archive is damaged or locked: {error}") from error


plugin = ZipFiles()
