"""The Python client against a site of its own on loopback: search, look-ups, exports, webhooks, patience."""

import csv
import json
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from knowledge.client import (
    ApiError,
    ChecksumMismatch,
    Client,
    ExportFailed,
    NotAllowed,
    NotFound,
    TooManyRequests,
    Unreachable,
    message_verified,
)
from tests.agent.agents import ROOT
from tests.agent.sites import Site

ROWS = 1200
METALS = ("Bi", "Sb", "Sn", "Pb", "Ge", "In")


@dataclass
class Hook:
    """A program that is told."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@dataclass
class Running:
    """A site with records, a key to it, and a program that hears of changes."""

    site: Site
    key: str
    hook: Hook

    def manage(self, *command: str) -> list[dict[str, Any]]:
        """A command on the site's data, beside it."""
        done = subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=self.site.environment, capture_output=True, text=True,
            timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def client(self, **more: Any) -> Client:
        return Client(self.site.url, key=self.key, **more)


def a_table(path: Path, rows: int) -> Path:
    """A table of invented compounds: formula, space group, atoms per cell."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["formula", "spacegroup_number", "nsites"])
        for at in range(rows):
            table.writerow([f"{METALS[at % 6]}{at // 6 + 1}Se", 166 if at % 2 else 225, at % 20 + 1])
    return path


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    found = Hook()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            return

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append((dict(self.headers.items()), body))
            self.send_response(204)
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, hook: Hook) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("client")
    site = Site(folder / "home")
    site.environment |= {
        "LODESTONE_KNOWLEDGE_FETCH_NETWORKS": "127.0.0.0/8",
        "LODESTONE_KNOWLEDGE_FETCH_HTTP": "true",
        "LODESTONE_KNOWLEDGE_API_PER_MINUTE": "100000",
    }
    found = Running(site, "", hook)
    [told] = found.manage(
        "import_topics", str(a_table(folder / "invented.csv", ROWS)), "--topic", "topological_materials", "--json"
    )
    assert told["records"] == ROWS, told
    site.ask("from eln.accounts.models import User; print(User.objects.create_user('program').pk)")
    rights = [word for right in ("read", "export", "write:webhooks") for word in ("--right", right)]
    [made] = found.manage("api_token", "program", "tests", "--json", *rights)
    found.key = made["token"]
    site.start()
    yield found
    site.stop()


def test_a_search_gives_every_match_once_over_all_pages(running: Running) -> None:
    with running.client() as lab:
        records = list(lab.search('elements HAS "Bi"', sort="nsites", page=37))
        assert len(records) == len({record.id for record in records}) == lab.count('elements HAS "Bi"') == ROWS / 6
        sizes = [record.number("nsites") for record in records]
        assert sizes == sorted(size for size in sizes if size is not None)
        where = {"compare": {"property": "nsites", "op": ">", "value": 18}}
        assert {r.number("nsites") for r in lab.search(query={"where": where}, page=50)} == {19, 20}


def test_rows_fit_a_data_frame(running: Running) -> None:
    with running.client() as lab:
        rows = lab.rows("spacegroup_number = 166", properties=["nsites"], most=7, sort="formula")
    assert len(rows) == 7
    assert {"formula", "nsites", "dataset", "id"} <= set(rows[0])
    import pandas as pd

    frame = pd.DataFrame(rows)
    assert frame["nsites"].dtype.kind in "if"
    assert (frame["spacegroup_number"] == 166).all()


def test_figures_facets_and_distributions(running: Running) -> None:
    with running.client() as lab:
        assert lab.facets("spacegroup_number", filter='elements HAS "Bi"') == {"spacegroup_number": {"225": ROWS // 6}}
        assert lab.aggregate("max", "nsites") == 20
        assert lab.aggregate("count", by="spacegroup_number") == {"166": ROWS / 2, "225": ROWS / 2}
        found = lab.histogram("nsites", bins=20, low=0.5, high=20.5)
        assert (sum(found.counts), len(found.edges)) == (ROWS, 21)


def test_things_are_found_by_id_formula_and_in_bulk(running: Running) -> None:
    with running.client() as lab:
        material = lab.material("SeBi")
        assert (material.formula, material.count) == ("BiSe", 1)
        one = material.records[0]
        assert lab.record(one.id) == one
        assert lab.versions(one.id)[0]["version"] == 1
        ids = [one.id, "nobody"] * 1250
        found = list(lab.lookup(ids))
        assert [name for name, _ in found] == ids
        assert [len(records) for _, records in found[:2]] == [1, 0]
        assert [len(records) for _, records in lab.lookup_materials(["BiSe", "Bi₂Se", "Xx"])] == [1, 1, 0]
        assert len(set(lab.materials())) == len(list(lab.materials()))
        with pytest.raises(NotFound):
            lab.record("nobody")
        with pytest.raises(NotFound):
            lab.structure(one.id)


def test_what_can_be_asked_and_where_it_is_from(running: Running) -> None:
    with running.client() as lab:
        assert lab.me()["username"] == "program"
        topic = next(topic for topic in lab.topics() if topic.id == "topological_materials")
        assert topic.records == ROWS
        assert any(item["id"] == "nsites" for item in lab.properties("topological_materials"))
        assert sum(dataset.records for dataset in lab.datasets()) == ROWS


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_an_export_is_made_fetched_and_checked(running: Running, tmp_path: Path, format: str) -> None:
    with running.client() as lab:
        export = lab.export('elements HAS "Sn"', format=format, sort="formula").wait(every_s=0.2, timeout_s=60)
        path = export.download(tmp_path)
        assert path.name == export.manifest()["file"]
        assert export.records == export.manifest()["records"] == ROWS / 6
        assert export.id in [other.id for other in lab.exports()]
        if format == "csv":
            assert len(path.read_text().splitlines()) == ROWS / 6 + 1
        export.remove()
        with pytest.raises(NotFound):
            lab.export_of(export.id)


def test_an_export_that_fails_says_why(running: Running) -> None:
    with running.client() as lab, pytest.raises(ExportFailed, match="structure"):
        lab.export(format="cif-zip").wait(every_s=0.2, timeout_s=60)


class Faulty(httpx.BaseTransport):
    """The real connection with faults put in: an answer of its own first, or a body cut after so many bytes."""

    def __init__(self, *answers: httpx.Response | Exception, cut: int = 0) -> None:
        self.real = httpx.HTTPTransport()
        self.answers = list(answers)
        self.cut = cut
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        response = self.real.handle_request(request)
        if self.cut and request.url.path.endswith("/file"):
            cut, self.cut = self.cut, 0
            return httpx.Response(response.status_code, headers=response.headers, stream=Broken(response.read()[:cut]))
        return response

    def close(self) -> None:
        self.real.close()


class Broken(httpx.SyncByteStream):
    def __init__(self, content: bytes) -> None:
        self.content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self.content
        raise httpx.ReadError("cut")


def test_a_broken_download_goes_on_where_it_stopped(running: Running, tmp_path: Path) -> None:
    faulty = Faulty(cut=1000)
    with running.client(transport=faulty) as lab:
        path = lab.export(format="jsonl").wait(every_s=0.2).download(tmp_path / "all.jsonl")
    assert len(path.read_text().splitlines()) == ROWS
    ranges = [request.headers.get("Range") for request in faulty.asked if request.url.path.endswith("/file")]
    assert ranges == [None, "bytes=1000-"]


def test_a_damaged_file_is_not_kept(running: Running, tmp_path: Path) -> None:
    with running.client() as lab:
        export = lab.export(format="csv").wait(every_s=0.2)
        export._document["sha256"] = "0" * 64
        with pytest.raises(ChecksumMismatch):
            export.download(tmp_path / "table.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_busy_site_is_asked_again_as_late_as_it_wants(running: Running) -> None:
    waited: list[float] = []
    busy = httpx.Response(429, headers={"Retry-After": "7"})
    faulty = Faulty(busy, httpx.ConnectError("gone"), httpx.Response(503))
    with running.client(transport=faulty, sleep=waited.append) as lab:
        assert lab.count() == ROWS
    assert waited[0] == 7
    assert [0.7 < waited[1] < 1.3, 1.4 < waited[2] < 2.6] == [True, True]
    gone = Faulty(*[httpx.ConnectError("gone")] * 3)
    with running.client(transport=gone, tries=3, sleep=waited.append) as lab, pytest.raises(Unreachable, match="gone"):
        lab.count()
    refused = [httpx.Response(429, json={"code": "too_many", "detail": "later"}) for _ in range(2)]
    with (
        running.client(transport=Faulty(*refused), tries=2, sleep=waited.append) as lab,
        pytest.raises(TooManyRequests, match="later"),
    ):
        lab.count()


def test_what_is_made_is_made_once_also_when_the_answer_is_lost(running: Running) -> None:
    class Lost(Faulty):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            if request.method == "POST" and len(self.asked) == 1:
                response.close()
                raise httpx.ReadError("the answer is lost")
            return response

    lost = Lost()
    with running.client(transport=lost, sleep=lambda _s: None) as lab:
        before = len(lab.exports())
        lost.asked.clear()
        lab.export("nsites = 1")
        assert len([request for request in lost.asked if request.method == "POST"]) == 2
        assert len(lab.exports()) == before + 1


def test_refusals_are_told_by_kind(running: Running) -> None:
    with Client(running.site.url, key="ldk_wrong") as stranger, pytest.raises(NotAllowed):
        stranger.count()
    with running.client() as lab, pytest.raises(ApiError, match="bad_query") as refused:
        lab.count("nonsense = 1")
    assert (refused.value.status, refused.value.code) == (400, "bad_query")


def test_a_webhook_hears_of_what_is_imported_while_the_site_runs(running: Running, tmp_path: Path) -> None:
    with running.client() as lab:
        made = lab.webhook(running.hook.url, name="tests", filter='elements HAS "W"')
        table = tmp_path / "more.csv"
        table.write_text("formula,spacegroup_number,nsites\nWSe2,194,6\nMoSe2,194,6\n", encoding="utf-8")
        running.manage("import_topics", str(table), "--topic", "topological_materials", "--json")
        until = time.monotonic() + 60
        while not running.hook.got and time.monotonic() < until:
            time.sleep(0.1)
        [(headers, body)] = running.hook.got
        assert message_verified(made["secret"], headers, body)
        assert not message_verified(made["secret"], headers, body + b" ")
        assert not message_verified(made["secret"], headers, body, now=time.time() + 3600)
        [event] = json.loads(body)["events"]
        assert (event["type"], event["record"]["formula"]) == ("record.created", "WSe2")
        lab.webhook_end(made["id"])


def test_the_client_needs_nothing_of_the_site() -> None:
    look = "import sys, knowledge.client\nprint([name for name in ('django', 'numpy', 'pydantic', 'ninja') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_the_wheel_alone_asks_a_site(running: Running, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), "knowledge/client"]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("lodestone_client-*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "alone")
    look = "from lodestone.client import Client\nwith Client.from_environment() as lab: print(lab.count())"
    environment = {
        **os.environ,
        "LODESTONE_URL": running.site.url,
        "LODESTONE_KEY": running.key,
        "PYTHONPATH": str(tmp_path / "alone"),
    }
    done = subprocess.run([sys.executable, "-c", look], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= ROWS
