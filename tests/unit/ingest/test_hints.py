"""A person's word on how a text is to be read decides where the file leaves a choice, and only there."""

from pathlib import Path

import numpy as np
import pytest

from ingest.parsers.delimited_text.plugin import plugin
from ingest.parsers.protocol import CannotParse, Parsed


def read(tmp_path: Path, content: str | bytes, **hints: object) -> Parsed:
    path = tmp_path / "log.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return plugin.parse_hinted(path, path.name, hints)


DATED = "Started: 03/04/2026 10:00:00\n\ntime (s)\tT (°C)\n" + "".join(f"{i}\t{20 + i}\n" for i in range(12))


def test_the_order_of_day_and_month_of_a_date_that_can_be_read_in_two_ways(tmp_path: Path) -> None:
    assert "start" not in read(tmp_path, DATED).metadata
    assert read(tmp_path, DATED, day_first=True).metadata["start"] == "2026-04-03T10:00:00"
    assert read(tmp_path, DATED, day_first=False).metadata["start"] == "2026-03-04T10:00:00"
    certain = DATED.replace("03/04", "13/04")
    assert read(tmp_path, certain, day_first=False).metadata["start"] == "2026-04-13T10:00:00"


def test_the_decimal_sign_and_the_delimiter(tmp_path: Path) -> None:
    table = "t;p\n" + "".join(f"{i};1,{100 + i}\n" for i in range(12))
    (_, comma) = read(tmp_path, table, decimal=",").channels
    (_, point) = read(tmp_path, table, decimal=".").channels
    assert comma.values is not None and comma.values[1] == pytest.approx(1.101)
    assert point.values is not None and point.values[1] == 1101
    pairs = "a b,c d\n" + "".join(f"{i} {i + 1},{i + 2} {i + 3}\n" for i in range(12))
    assert read(tmp_path, pairs, delimiter=" ").metadata["delimiter"] == " "


def test_the_line_of_the_column_names(tmp_path: Path) -> None:
    rows = "".join(f"{i}\t{i * 2}\n" for i in range(1, 13))
    table = f"time (s)\tT (K)\nmade with love\n7\t8\n{rows}"
    told = read(tmp_path, table, header_line=1)
    assert [channel.name for channel in told.channels] == ["time", "T"]
    assert told.channels[1].unit == "K" and told.channels[1].values is not None
    np.testing.assert_array_equal(told.channels[1].values[-12:], 2 * np.arange(1, 13))
    none = read(tmp_path, f"1\t2\n{rows}", header_line=0)
    assert [channel.name for channel in none.channels] == ["column_1", "column_2"]
    with pytest.raises(CannotParse, match="there are"):
        read(tmp_path, table, header_line=99)


def test_one_column_of_fractions_is_a_channel_and_no_crystal_structure(tmp_path: Path) -> None:
    (level,) = read(tmp_path, "level\n" + "".join(f"0.{i:03d}\n" for i in range(100, 130))).channels
    assert level.name == "level" and level.values is not None and len(level.values) == 30


def test_the_encoding(tmp_path: Path) -> None:
    table = "时间 (s)\t温度 (℃)\n" + "".join(f"{i}\t{20 + i}\n" for i in range(12))
    assert [channel.name for channel in read(tmp_path, table.encode("gbk"), encoding="gbk").channels] == [
        "时间",
        "温度",
    ]
