import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command

from ingest.detectors import score_series
from ingest.detectors.protocol import Channel, Finding
from ingest.detectors.watch import Watch, factories

SECOND = 10**9


def noisy(rows: int, seed: int = 1, level: float = 100.0, sigma: float = 1.0) -> list[float]:
    dice = random.Random(seed)  # noqa: S311 - noise with a seed
    return [dice.gauss(level, sigma) for _ in range(rows)]


def found(watch: Watch, values: list[float], kind: str = "", start: int = 0, **more: Any) -> list[Finding]:
    times = [(start + row) * SECOND for row in range(len(values))]
    findings = [finding for finding in watch.update(times, values, **more) if finding.score >= 0.5]
    return sorted((f for f in findings if kind in ("", f.kind)), key=lambda finding: (finding.time, finding.kind))


def test_all_our_detectors_are_registered() -> None:
    assert {"gap", "stuck", "out_of_range", "burst", "drift"} <= set(factories())


def test_noise_is_no_fault() -> None:
    for seed in range(20):
        assert found(Watch(Channel("x")), noisy(500, seed)) == []


def test_a_repeated_number_is_stuck_only_where_there_was_noise() -> None:
    assert {f.kind for f in found(Watch(Channel("x")), [*noisy(100), *[100.0] * 20])} == {"stuck"}
    assert found(Watch(Channel("x")), [5.0] * 100 + [6.0] * 100) == []


def test_a_value_outside_the_limits_says_which_limit() -> None:
    [finding] = found(Watch(Channel("x", "degC", low=0, high=110)), [*noisy(50), 150.0, *noisy(5, 2)], "out_of_range")
    assert "150 degC" in finding.reason
    assert "110" in finding.reason


@pytest.mark.parametrize("code", [9.9e37, 9.9e9, float("inf")])
def test_an_over_range_code_is_known_without_limits(code: float) -> None:
    assert "out_of_range" in {f.kind for f in found(Watch(Channel("x")), [*noisy(50), code])}


def test_a_pressure_is_judged_by_its_order_of_magnitude() -> None:
    quiet = [1e-9 * value / 100 for value in noisy(100)]
    assert "burst" in {f.kind for f in found(Watch(Channel("p", "mbar")), [*quiet, 3e-9, 9e-9])}
    assert found(Watch(Channel("p", "mbar")), [*quiet, *(1e-9 * 1.005**n for n in range(200))]) == []


def test_a_jump_that_was_announced_is_none() -> None:
    announced, surprise = Watch(Channel("x")), Watch(Channel("x"))
    for watch in (announced, surprise):
        found(watch, noisy(100))
    announced.settle(100 * SECOND)
    assert found(announced, noisy(60, 2, level=200.0), start=100) == []
    assert "burst" in {f.kind for f in found(surprise, noisy(60, 2, level=200.0), start=100)}


def test_a_reading_that_leaves_its_set_point_drifts() -> None:
    watch, errors = Watch(Channel("T", "degC", set_point=True)), noisy(200, level=0.0, sigma=0.1)
    drifting = [error + max(0, row - 150) * 0.05 for row, error in enumerate(errors)]
    findings = found(watch, [500 + error for error in drifting], errors=drifting)
    assert {finding.kind for finding in findings} == {"drift"}
    assert 150 < findings[0].time / SECOND < 180


def test_an_interval_much_longer_than_usual_is_a_gap() -> None:
    watch = Watch(Channel("x"))
    found(watch, noisy(100))
    [gap] = [f for f in watch.update([160 * SECOND], [100.0]) if f.kind == "gap"]
    assert "61 s" in gap.reason
    assert watch.silence(163 * SECOND) is None
    assert watch.silence(400 * SECOND) is not None


def test_a_restored_watch_goes_on_as_if_nothing_had_been() -> None:
    values = [*noisy(150), *[100.0] * 15, *noisy(30, 3, level=130)]
    whole = found(Watch(Channel("x")), values)
    for cut in (1, 40, 120, 155, 170):
        first = Watch(Channel("x"))
        early = found(first, values[:cut])
        second = Watch(Channel("x"), json.loads(json.dumps(first.state())))
        assert early + found(second, values[cut:], start=cut) == whole


def test_scores_use_the_past_only_and_stay_between_0_and_1() -> None:
    values = np.array([*noisy(400), *[100.0] * 20, *noisy(50, 2), 180.0, *noisy(50, 3)])
    times = 1.7e9 + np.arange(len(values))
    scores = score_series(times, values)
    assert scores.shape == values.shape
    assert bool(((scores >= 0) & (scores <= 1)).all())
    for cut in (1, 300, 415, 471):
        assert np.array_equal(score_series(times[:cut], values[:cut]), scores[:cut])
    assert scores[470] >= 0.5
    assert scores[415] >= 0.5
    assert (scores[100:400] >= 0.5).mean() < 0.02


def test_the_command_prints_a_document_for_each_row(tmp_path: Path, capsys: Any, db: None, settings: Any) -> None:
    table = tmp_path / "x.csv"
    rows = [f"2026-01-01T00:{n // 60:02d}:{n % 60:02d},{value},7" for n, value in enumerate([*noisy(200), 400.0])]
    table.write_text("time,reading,other\n" + "\n".join(rows) + "\n")
    call_command("detect", str(table), "--json")
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(documents) == 201
    assert set(documents[0]) == {"time", "value", "score", "kind"}
    assert documents[-1]["score"] > 0.5
    assert documents[-1]["kind"]
    assert documents[50]["kind"] is None


@pytest.mark.parametrize("text", ["", "time,x\n", "time,x\n1,2,3\n", "time,x\nnever,2\n", "time,x\n1,a\n"])
def test_a_table_that_cannot_be_judged_is_refused_with_the_reason(
    tmp_path: Path, capsys: Any, text: str, db: None
) -> None:
    table = tmp_path / "x.csv"
    table.write_text(text)
    with pytest.raises(SystemExit) as stop:
        call_command("detect", str(table))
    assert stop.value.code == 2
    assert len(capsys.readouterr().err) > 20


def judged(capsys: pytest.CaptureFixture[str], path: Path, text: str | bytes, *more: str) -> list[dict[str, Any]]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    call_command("detect", str(path), "--json", *more)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "values", "times"),
    [
        ("time;T\n2020-01-01 00:00;1,5\n2020-01-01 00:01;\n", [1.5, None], ["2020-01-01 00:00", "2020-01-01 00:01"]),
        ("T\n1\n2\n", [1, 2], ["0", "1"]),
        ("state,T\non,1\noff,2\n", [1, 2], ["0", "1"]),
        ("date,T\n2020/01/31 00:00,1\n2020/02/01 00:00,2\n", [1, 2], ["2020/01/31 00:00", "2020/02/01 00:00"]),
        ("time,T\n31.01.2020 00:00,1\n,2\n", [1, 2], ["31.01.2020 00:00", ""]),
        ("time,T\n1600000000000,1\n1600000000000,2\n", [1, 2], ["1600000000000", "1600000000000"]),
        ("time,T\n9,1\n3,2\n1e300,3\nnan,inf\n", [1, 2, 3, None], ["9", "3", "1e300", "nan"]),
        ("时间,温度\n0,1\n1,2\n".encode("gbk"), [1, 2], ["0", "1"]),
    ],
)
def test_tables_as_machines_write_them_are_judged_row_by_row(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str | bytes, values: list[float | None], times: list[str]
) -> None:
    rows = judged(capsys, tmp_path / "table.csv", text)
    assert ([row["value"] for row in rows], [row["time"] for row in rows]) == (values, times)
    assert all(0 <= row["score"] <= 1 for row in rows)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "more", "says"),
    [
        (b"", (), "no rows"),
        (b"time,T\n", (), "no rows"),
        (b"\x00\x01" * 900, (), "binary"),
        (b"time,T\n1,2\n3\n", (), "line 3"),
        (b"time,T\na,b\n", (), "--value"),
        (b"time,T,S\n1,2,on\n", ("--value", "S"), "no numbers"),
        (b"time,T\nmorning,2\n", (), "--time"),
        (b"time,T\n1,2\n", ("--value", "U"), "the file has time, T"),
    ],
)
def test_a_table_that_cannot_be_judged_says_what_to_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: bytes, more: tuple[str, ...], says: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        judged(capsys, tmp_path / "table.csv", text, *more)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def test_a_series_with_odd_times_is_scored() -> None:
    for times in ([3.0, 1.0, 2.0], [1.0, 1.0, 1.0], [float("nan"), 1e300, -1e300]):
        assert score_series(times, [1.0, float("nan"), 5.0]).shape == (3,)
    assert score_series([], []).shape == (0,)
    assert score_series(range(50), [4.0] * 50).max() < 0.5
