"""The number forms of JCAMP-DX hold the same values, and what is damaged says so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.parsers.jcamp_dx.asdf import ordinates

POSITIVE_SQZ, NEGATIVE_SQZ = "@ABCDEFGHI", "@abcdefghi"
POSITIVE_DIF, NEGATIVE_DIF = "%JKLMNOPQR", "%jklmnopqr"
REPEATS = "?STUVWXYZs"


def lettered(value: int, positive: str, negative: str) -> str:
    digits = str(abs(value))
    return (negative if value < 0 else positive)[int(digits[0])] + digits[1:]


def squeezed(value: int) -> str:
    return lettered(value, POSITIVE_SQZ, NEGATIVE_SQZ)


def differences(values: list[int], width: int) -> list[str]:
    """Lines of DIF and DUP as the format asks: each begins with the last value of the line before, the last holds only that."""
    lines = []
    for at in range(0, len(values), width):
        begin = max(0, at - 1)
        line, last = f"{begin}{squeezed(values[begin])}", ""
        count = 1
        for index in range(begin + 1, min(at + width, len(values))):
            token = lettered(values[index] - values[index - 1], POSITIVE_DIF, NEGATIVE_DIF)
            if token == last:
                count += 1
                continue
            line += (lettered(count, REPEATS, REPEATS) if count > 1 else "") + token
            last, count = token, 1
        lines.append(line + (lettered(count, REPEATS, REPEATS) if count > 1 else ""))
    return [*lines, f"{len(values) - 1}{squeezed(values[-1])}"]


@given(st.lists(st.integers(-2000, 2000), min_size=2, max_size=60), st.integers(2, 9))
@settings(max_examples=150, deadline=None)
def test_all_forms_hold_the_same_values(values: list[int], width: int) -> None:
    cut = [values[at : at + width] for at in range(0, len(values), width)]
    starts = range(0, len(values), width)
    forms = {
        "AFFN": [f"{at} " + " ".join(map(str, part)) for at, part in zip(starts, cut, strict=True)],
        "PAC": [f"{at}" + "".join(f"{value:+d}" for value in part) for at, part in zip(starts, cut, strict=True)],
        "SQZ": [f"{at}" + "".join(map(squeezed, part)) for at, part in zip(starts, cut, strict=True)],
        "DIF": differences(values, width),
    }
    for lines in forms.values():
        read = ordinates(lines)
        assert read.values.tolist() == values
        assert read.failed_checks == 0


def test_a_lost_line_of_differences_fails_the_check_of_the_next() -> None:
    lines = differences([3, 9, 27, 81, 243, 90, 12, 7, 55], 3)
    assert ordinates(lines[:1] + lines[2:]).failed_checks == 1


@pytest.mark.parametrize(("line", "values"), [("10 1.5E+3 2e-1", [1500, 0.2]), ("10A?B", [1, np.nan, 2])])
def test_exponents_and_missing_values(line: str, values: list[float]) -> None:
    assert np.array_equal(ordinates([line]).values, values, equal_nan=True)
