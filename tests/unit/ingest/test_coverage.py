"""The table of how well a folder is read counts what the files hold."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command

from ingest.parsing.coverage import coverage, files_below, summary


def a_folder(tmp_path: Path) -> Path:
    (tmp_path / "below").mkdir()
    (tmp_path / "a.csv").write_text(
        "time (s);T (°C);zone\n" + "".join(f"{i};{20 + i};{i * 7}\n" for i in range(15)), "utf-8"
    )
    (tmp_path / "below" / "note.txt").write_text("the pump is broken\nagain\n", "utf-8")
    return tmp_path


def test_lines_and_totals_count_channels_units_and_quantities(tmp_path: Path) -> None:
    table, note = coverage(files_below([a_folder(tmp_path)]))
    assert (table.status, table.channels, table.with_unit, table.mapped, table.rows) == ("parsed", 3, 2, 2, 15)
    assert note.status == "kept" and note.reason
    total = summary([table, note])
    assert (total["files"], total["parsed"], total["kept"], total["mapped"]) == (2, 1, 1, 2)


@pytest.mark.django_db
def test_the_command_prints_a_line_a_file_and_the_totals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    call_command("parse_coverage", str(a_folder(tmp_path)), "--json", stdout=out)
    *lines, total = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [Path(line["file"]).name for line in lines] == ["a.csv", "note.txt"] and total["summary"]["files"] == 2
    out = io.StringIO()
    call_command("parse_coverage", str(tmp_path), stdout=out)
    assert out.getvalue().splitlines()[0].split()[0] == "status"
    with pytest.raises(SystemExit) as ended:
        call_command("parse_coverage", str(tmp_path / "nowhere"))
    assert ended.value.code == 2 and "check the path" in capsys.readouterr().err
