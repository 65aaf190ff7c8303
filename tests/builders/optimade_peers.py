"""Databases that speak OPTIMADE, well or badly, on loopback: the reference server, and one that behaves as its path says."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from deploy.services import free_port, wait_for
from tests.performance.bench_optimade import ALIASES


def an_entry(number: int, elements: tuple[str, ...] = ("Cl", "Na"), **attributes: Any) -> dict[str, Any]:
    """An entry of OPTIMADE, such as honest databases give."""
    said = {
        "elements": list(elements), "nelements": len(elements), "chemical_formula_reduced": "".join(elements),
        "elements_ratios": [1 / len(elements)] * len(elements), "space_group_it_number": 225, "nsites": None,
    }  # fmt: skip
    return {"id": f"e{number}", "type": "structures", "attributes": said | attributes}


class Peer(BaseHTTPRequestHandler):
    """Answers as the first part of the path says."""

    protocol_version = "HTTP/1.1"
    calls: dict[str, int] = {}

    def do_GET(self) -> None:
        """One request."""
        parts = urlsplit(self.path)
        manner = parts.path.split("/")[1]
        self.calls[manner] = self.calls.get(manner, 0) + 1
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        getattr(self, f"be_{manner}")(given)

    def log_message(self, *words: object) -> None:
        """Say nothing."""

    def say(
        self,
        data: Any,
        *,
        status: int = 200,
        following: str | None = None,
        headers: dict[str, str] | None = None,
        **meta: Any,
    ) -> None:
        """A document of OPTIMADE."""
        document = {
            "data": data,
            "links": {"next": following},
            "meta": {"more_data_available": bool(following), **meta},
        }
        self.send(json.dumps(document).encode(), status, headers)

    def send(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """An answer."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def here(self, path: str) -> str:
        """An address on this server."""
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    def be_honest(self, given: dict[str, str]) -> None:
        """Two pages with an ETag, and properties of its own."""
        if "/info/" in self.path:
            self.say({"properties": {"_peer_density": {"type": "float", "unit": "g/cm^3"}}})
            return
        mark = f'"{given.get("page_offset", "0")}"'
        if self.headers.get("If-None-Match") == mark:
            self.send(b"", 304)
        elif "page_offset" not in given:
            self.say(
                [an_entry(1), an_entry(2)],
                following=self.here("/honest/structures?page_offset=2"),
                headers={"ETag": mark},
                data_returned=3,
            )
        else:
            self.say([an_entry(3, _peer_density=2.2)], headers={"ETag": mark}, data_returned=3)

    def be_hanging(self, given: dict[str, str]) -> None:
        """Never."""
        time.sleep(4)

    def be_broken(self, given: dict[str, str]) -> None:
        """No JSON."""
        self.send(b"<html>not today</html>")

    def be_endless(self, given: dict[str, str]) -> None:
        """The same page for ever."""
        self.say([an_entry(1)], following=self.here("/endless/structures?page_offset=1"))

    def be_huge(self, given: dict[str, str]) -> None:
        """More than anybody wants to hold."""
        self.send(b" " * 12_000_000)

    def be_moving(self, given: dict[str, str]) -> None:
        """Somewhere inside."""
        self.send(b"", 302, {"Location": "http://169.254.169.254/latest/meta-data"})

    def be_luring(self, given: dict[str, str]) -> None:
        """The next page lies elsewhere."""
        self.say([an_entry(1)], following="http://10.0.0.1/structures", data_returned=5)

    def be_lying(self, given: dict[str, str]) -> None:
        """A wrong total, entries that nobody asked for, and things that are no entries."""
        odd: list[Any] = [{"id": 7}, "nothing", an_entry(3, nelements=9)]
        self.say([an_entry(1), an_entry(2, ("O", "Si")), *odd], data_returned=1)

    def be_busy(self, given: dict[str, str]) -> None:
        """Asks to be left alone for a minute."""
        self.send(b'{"errors": [{"detail": "too many"}]}', 429, {"Retry-After": "600"})

    def be_shaky(self, given: dict[str, str]) -> None:
        """Fails the first time."""
        if self.calls["shaky"] == 1:
            self.send(b"{}", 503)
        else:
            self.say([an_entry(1)], data_returned=1)

    def be_plain(self, given: dict[str, str]) -> None:
        """Knows no HAS ONLY."""
        if "ONLY" in given.get("filter", ""):
            self.send(b'{"errors": [{"detail": "HAS ONLY is not implemented"}]}', 501)
        else:
            self.say([an_entry(1), an_entry(2, ("Cl", "K"))], data_returned=2)


@contextmanager
def peers() -> Iterator[str]:
    """The server of all manners; gives its address."""
    Peer.calls = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Peer)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextmanager
def reference_server(folder: Path) -> Iterator[str]:
    """The reference implementation with its 17 structures; gives its versioned address."""
    port = free_port()
    config = folder / "optimade.json"
    config.write_text(
        json.dumps({"insert_test_data": True, "aliases": {"structures": ALIASES}, "log_dir": str(folder)})
    )
    said = {"OPTIMADE_CONFIG_FILE": str(config), "OPTIMADE_BASE_URL": f"http://127.0.0.1:{port}"}
    command = [sys.executable, "-m", "uvicorn", "optimade.server.main:app", "--port", str(port), "--log-level", "error"]
    process = subprocess.Popen(command, env=os.environ | said, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        from deploy.services import listens

        wait_for(lambda: listens(port), "the reference server", timeout_s=120)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(30)
