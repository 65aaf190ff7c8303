"""Commands in conditions that are nobody's plan: a data folder that cannot be used, a second site, files that cannot be read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import OperationalError

from deploy.embedded import PortTaken, port_check
from ingest.gateway.models import Receipt
from ingest.home import HomeBusy, home_hold, home_prepare

ROOT = Path(__file__).resolve().parents[3]


def manage(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60,
        env={**os.environ, "LODESTONE_HOME": str(home)}, check=False,
    )  # fmt: skip


def test_a_data_folder_that_cannot_be_made_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = manage(tmp_path / "file" / "home", "search", "nsites > 1", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr and "LODESTONE_" in done.stderr


@pytest.mark.django_db
def test_one_data_folder_has_one_running_site() -> None:
    home_prepare()
    with home_hold(), pytest.raises(HomeBusy, match="already runs"), home_hold():
        raise AssertionError("held twice")
    with home_hold():
        pass  # free again


@pytest.mark.parametrize("error", [PermissionError(13, "denied", "/x"), OperationalError("disk is full")])
@pytest.mark.django_db
def test_a_store_that_fails_ends_with_a_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("ingest.commands.home_prepare", fail)
    with pytest.raises(SystemExit) as ended:
        call_command("search", "nsites > 1", "--json")
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (2, "") and "LODESTONE_HOME" in told.err


@pytest.mark.django_db(transaction=True)
def test_no_number_is_too_large_to_page_with(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("search", "nsites > 1", "--limit", "9" * 30, "--offset", "9" * 30, "--json")
    assert json.loads(capsys.readouterr().out)["items"] == []


@pytest.mark.django_db(transaction=True)
def test_questions_that_are_no_text_stop_no_others(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(
        b'\xff\xfe\n{"id": 2, "question": "How many?"}\r\n{"id": 3, "question": "' + b"x" * 100_000 + b'"}\n[]'
    )
    with pytest.raises(SystemExit) as ended:
        call_command("ask", "--file", str(source), "--out", str(out), "--json")
    answers = [json.loads(line) for line in out.read_text().splitlines()]
    assert ended.value.code == 2
    assert [("error" in one, one["id"]) for one in answers] == [(True, None), (False, 2), (True, 3), (True, None)]


@pytest.mark.django_db(transaction=True)
def test_a_file_that_cannot_be_read_stops_no_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from eln.management.commands import ingest

    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    for path in (bad, good):
        path.write_text("t (s),T (K)\n" + "".join(f"{i},{300 + i}\n" for i in range(20)))
    accept = ingest.path_accept

    def refuse(*, path: Path, **more: object) -> object:
        if path == bad:
            raise PermissionError(13, "Permission denied", str(path))  # as root no real file refuses
        return accept(path=path, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(ingest, "path_accept", refuse)
    with pytest.raises(SystemExit) as ended:
        call_command("ingest", str(bad), str(good), "--json")
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert ended.value.code == 2
    assert "Permission denied" in first["error"] and second["status"] == "parsed"


@pytest.mark.django_db(transaction=True)
def test_a_name_that_is_no_utf8_is_kept_as_well_as_it_can_be(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = os.fsencode(tmp_path)
    curve, table = (os.fsdecode(folder + b"/\xce\xc2\xb6\xc8" + end) for end in (b".csv", b"-table.csv"))  # GBK
    Path(curve).write_text("t (s),T (K)\n" + "".join(f"{i},{300 + i}\n" for i in range(20)))
    Path(table).write_text("formula,band gap (eV)\nGaAs,1.42\nInAs,0.35\n")
    call_command("ingest", curve, "--json")
    call_command("import_topics", table, "--topic", "material_facts", "--json")
    filed, imported = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert filed["status"] == "parsed" and imported["records"] == 2
    assert Receipt.objects.get(pk=filed["receipt"]).file_name.endswith(".csv")


@pytest.mark.parametrize(
    ("host", "port", "says"), [("127.0.0.1", 99_999_999, "does not exist"), ("no.invalid", 8000, "listened")]
)
def test_an_address_that_cannot_be_listened_on_is_a_message(host: str, port: int, says: str) -> None:
    with pytest.raises(PortTaken, match=says):
        port_check(host, port)


def test_a_command_that_reads_units_is_quiet(tmp_path: Path) -> None:
    done = manage(tmp_path / "home", "search", "band_gap > 1 eV", "--json")
    assert (done.returncode, done.stderr) == (0, "")
