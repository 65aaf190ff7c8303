"""Which channel is the set point of which reading, told by their names. Pure."""

import re
from collections.abc import Iterable

SET = {"setpoint", "sp", "set", "soll", "target", "setp", "wsp"}
READING = {"temperature", "temp", "pv", "actual", "value", "reading", "ist", "measured", "mv"}
SPLIT = re.compile(r"[^a-z0-9]+")


def _words(name: str) -> tuple[str, ...]:
    text = (
        re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
        .lower()
        .replace("set point", "setpoint")
        .replace("set_point", "setpoint")
    )
    return tuple(word for word in SPLIT.split(text) if word)


def is_set_point(name: str) -> bool:
    """Whether a name says of itself that it is a set point."""
    return bool((SET - {"set"}) & set(_words(name)))


def set_points(names: Iterable[str]) -> dict[str, str]:
    """{reading: set point} for names that differ only in a word such as setpoint, SP or Soll."""
    stems: dict[tuple[str, ...], str] = {}
    readings: list[tuple[str, tuple[str, ...]]] = []
    for name in names:
        words = _words(name)
        if SET & set(words):
            stems[tuple(word for word in words if word not in SET)] = name
        else:
            readings.append((name, words))
    pairs = {name: stems[words] for name, words in readings if words in stems}
    taken = set(pairs.values())
    for name, words in readings:
        stem = tuple(word for word in words if word not in READING)
        if name not in pairs and stem and stem != words and stem in stems and stems[stem] not in taken:
            pairs[name] = stems[stem]
    return pairs
