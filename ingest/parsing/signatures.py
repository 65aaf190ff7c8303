"""What a file is by its first bytes, so that a file no parser reads is kept with a true reason."""

import re
import zipfile
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml


@cache
def signatures() -> list[dict[str, Any]]:
    """What is known of first bytes, in the order in which it is tried."""
    loaded: list[dict[str, Any]] = yaml.safe_load(
        (files("ingest.parsing") / "signatures.yaml").read_text(encoding="utf-8")
    )
    return loaded


def _magic(signature: dict[str, Any]) -> bytes:
    return bytes.fromhex(signature["hex"]) if "hex" in signature else str(signature["ascii"]).encode("latin-1")


def _inside(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:2000]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "damaged zip archive"
    for signature in signatures():
        if "inside" in signature and any(name.startswith(signature["inside"]) for name in names):
            return str(signature["what"])
    shown = ", ".join(names[:3])
    return f"zip archive ({len(names)} files: {shown}{', ...' if len(names) > 3 else ''})"


def _words(head: bytes) -> str:
    """Binary files often name their program in their first bytes."""
    found = re.findall(rb"[A-Za-z][A-Za-z0-9 _.:/-]{5,40}", head[:256])
    return f" that begins with {found[0].decode()!r}" if found else ""


def describe(path: Path, head: bytes) -> str:
    """A phrase for what the file is: its known format, or text, or binary of an unknown format."""
    if not head:
        return "empty file"
    binary = b"\0" in head[:4096]
    for signature in signatures():
        if "inside" in signature or (signature.get("binary") and not binary):
            continue
        at = signature.get("at", 0)
        if head[at:].startswith(_magic(signature)):
            return _inside(path) if signature.get("zip") else str(signature["what"])
    stripped = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if stripped[:1] in (b"{", b"[") and not binary and re.match(rb"[\[{]\s*[\"\[{\d\]}-]", stripped):
        return "JSON text"
    if stripped.startswith((b"<?xml", b"<!DOCTYPE", b"<html")) or re.match(rb"<[A-Za-z][\w:.-]*[\s>]", stripped):
        match = re.search(rb"<(?![?!])\s*([\w:.-]{1,60})", stripped)
        return f"XML with the root element {match[1].decode()}" if match else "XML"
    return f"binary file of an unknown format{_words(head)}" if binary else "text of an unknown layout"
