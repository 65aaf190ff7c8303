"""Texts with numbers in rows that are no measurement, or not to be read by cutting at blanks; each with its reason."""

import re
from collections.abc import Sequence

_GLUED = re.compile(
    r"[-+]?\d*\.\d+(?:[eE][-+]\d\d)?(?:[-+]?\d*\.\d+)(?:[eE][-+]\d\d)?(?:[-+]?\d*\.\d+.*)?|[-+]?\d*\.\d+[-+]\d*\.\d+"
)
_KEY = re.compile(
    r"(?:settings?|parameters?|params?|keys?|options?|propert(?:y|ies)|constants?|config\w*)", re.IGNORECASE
)
_VALUE = re.compile(r"(?:values?|numbers?|defaults?|codes?|settings?)", re.IGNORECASE)


def glued(rows: Sequence[Sequence[str]]) -> str | None:
    """An example of two numbers without a blank between, where most rows have such a cell at one place: fixed-width columns."""
    if len(rows) < 3:
        return None
    sample = rows[:200]
    for at in range(max(len(row) for row in sample)):
        cells = [row[at] for row in sample if at < len(row)]
        found = [cell for cell in cells if _GLUED.fullmatch(cell) and cell.count(".") > 1]
        if len(found) > 0.6 * len(sample) and not any(
            re.fullmatch(r"(?:\d{1,4}\.){2,3}\d{1,4}", cell) for cell in found
        ):
            return found[0]
    return None


def settings_list(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """True for two columns called key and value whose keys are all different words."""
    if len(names) != 2 or not (_KEY.fullmatch(names[0].strip()) and _VALUE.fullmatch(names[1].strip())):
        return False
    keys = [row[0] for row in rows if row]
    return len(set(keys)) == len(keys) and all(re.match(r"[^\W\d]", key) for key in keys)


def mostly_numbers(lines: Sequence[str]) -> bool:
    """True where the text is of numbers after all, only in no constant layout."""
    sample = [line for line in lines if line.strip()][:5000]
    return sum(
        len(re.findall(r"[^\W_]", re.sub(r"\d", "", line))) < len(re.findall(r"\d", line)) for line in sample
    ) > (0.7 * len(sample))
