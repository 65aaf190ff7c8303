"""Parsers by entry point (group `lodestone.parsers`); a broken plugin is reported and harms no other."""

import logging
from functools import cache
from importlib.metadata import entry_points
from typing import NamedTuple

from ingest.parsers.protocol import Head, Parser

log = logging.getLogger(__name__)
HEAD_BYTES = 65536
CERTAIN = 0.9
LEAST = 0.3


class Loaded(NamedTuple):
    """Parsers that load, by name, and what was wrong with the others."""

    parsers: dict[str, Parser]
    broken: dict[str, str]


@cache
def loaded() -> Loaded:
    """All registered parsers."""
    found: dict[str, Parser] = {}
    broken: dict[str, str] = {}
    for point in sorted(entry_points(group="lodestone.parsers"), key=lambda point: point.name):
        try:
            found[point.name] = point.load()
        except Exception as error:  # a plugin may fail in any way
            log.warning("parser %s cannot be loaded: %s", point.name, error)
            broken[point.name] = f"{type(error).__name__}: {error}"
    return Loaded(found, broken)


def candidates(head: Head) -> list[tuple[float, Parser]]:
    """Parsers that recognise the file, the most confident first; below 0.3 is no recognition."""
    scored = []
    for parser in loaded().parsers.values():
        try:
            confidence = parser.sniff(head)
        except Exception as error:  # a sniffer of somebody's plugin may fail in any way
            log.warning("parser %s failed to sniff %s: %s", parser.name, head.name, error)
            continue
        if confidence >= LEAST:
            scored.append((min(confidence, 1.0), parser))
    return sorted(scored, key=lambda item: -item[0])
