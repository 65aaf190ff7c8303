"""Numbers of JCAMP-DX: plain (AFFN), packed (PAC), squeezed (SQZ), differences (DIF) and repeats (DUP), freely mixed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_TOKEN = re.compile(
    r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]\d{1,3})?|[@A-Ia-i%J-Rj-r](?:\d+\.?\d*|\.\d+)?|[S-Zs]\d*|\?|[-+]?(?:NaN|Inf)\b"
)
_PLAIN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?")
_SQUEEZED = {letter: str(digit) for digit, letter in enumerate("@ABCDEFGHI")} | {
    letter: f"-{digit}" for digit, letter in enumerate("abcdefghi", 1)
}
_DIFFERENT = {letter: str(digit) for digit, letter in enumerate("%JKLMNOPQR")} | {
    letter: f"-{digit}" for digit, letter in enumerate("jklmnopqr", 1)
}
_REPEATED = {letter: str(digit) for digit, letter in enumerate("STUVWXYZs", 1)}


@dataclass
class Ordinates:
    """Values of a table `(X++(Y..Y))` before any factor, and for each line the abscissa it states and its first value's index."""

    values: NDArray[np.float64]
    abscissas: list[tuple[int, float]] = field(default_factory=list)
    failed_checks: int = 0


class _Line:
    """The values of one line while it is read."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.step = 0.0
        self.by_difference = False

    def take(self, token: str) -> None:
        """One token: a value, a difference, a repeat, or `?` for no value."""
        first = token[0]
        if first in _REPEATED:
            self._repeat(int(_REPEATED[first] + token[1:]))
        elif first in _DIFFERENT:
            self.step = float(_DIFFERENT[first] + token[1:])
            self.by_difference = True
            self.values.append((self.values[-1] if self.values else 0.0) + self.step)
        else:
            self.by_difference = False
            self.values.append(_number(token))

    def _repeat(self, count: int) -> None:
        if not self.values:
            return
        for _ in range(min(count, 10_000_000 - len(self.values)) - 1):
            self.values.append(self.values[-1] + (self.step if self.by_difference else 0.0))


def _number(text: str) -> float:
    if text == "?":
        return float("nan")
    return float(_SQUEEZED[text[0]] + text[1:]) if text[0] in _SQUEEZED else float(text)


def ordinates(lines: Iterable[str]) -> Ordinates:
    """The values of `(X++(Y..Y))`. After a line that ended in differences the next begins with its last value again, as a check."""
    values: list[float] = []
    abscissas: list[tuple[int, float]] = []
    checking, failed = False, 0
    for line in lines:
        tokens = _TOKEN.findall(line)
        if not tokens:
            continue
        read = _Line()
        for token in tokens[1:]:
            read.take(token)
        found = read.values
        at = len(values)
        if checking and found:
            at -= 1
            failed += not np.isclose(found[0], values[-1], rtol=1e-9, atol=1e-9)
            found = found[1:]
        if read.values:
            abscissas.append((at, _number(tokens[0]) if tokens[0][0] not in _REPEATED else float("nan")))
            checking = read.by_difference
        values += found
    return Ordinates(np.array(values, dtype=np.float64), abscissas, failed)


def groups(lines: Iterable[str], width: int) -> tuple[NDArray[np.float64], int]:
    """The numbers of `(XY..XY)`, shape (points, width), and how many were left over at the end."""
    numbers = [float(found) for line in lines for found in _PLAIN.findall(line)]
    over = len(numbers) % width
    whole = numbers[: len(numbers) - over]
    return np.array(whole, dtype=np.float64).reshape(-1, width), over
