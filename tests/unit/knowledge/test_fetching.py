"""Asking addresses that people typed in: never into the laboratory's own network, never for ever, never without end."""

import asyncio
import ipaddress
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.fetching import AddressRefused, NoAnswer, Policy, TooMuch, address_allowed, fetch, fetch_async
from knowledge.fetching.transport import addresses_of, checked_client
from knowledge.settings import KnowledgeSettings

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
HERE = Policy(networks=LOOPBACK, plain_http=True, timeout_s=2, total_s=3)


class Server(ThreadingHTTPServer):
    """Answers by path; remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.server_address[1]}{path}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        return

    def _answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        self.server.asked.append(self.path)
        match self.path.partition("?")[0]:
            case "/far":
                self._answer(b"", 302, Location="http://127.0.0.2:9/there")
            case "/near":
                self._answer(b"", 302, Location="/plain")
            case "/circle":
                self._answer(b"", 302, Location="/circle")
            case "/long":
                self._answer(b"x" * 5000)
            case "/drip":
                self.send_response(200)
                self.end_headers()
                for _ in range(100):
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    time.sleep(0.1)
            case "/plain":
                self._answer(b"plain")
            case _:
                self._answer(b"no", 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(self.headers.get("X-Word", "").encode() + b":" + body, 201)


def serving(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    yield from serving(Server())


PRIVATE = """
127.0.0.1 127.8.8.8 0.0.0.0 10.0.0.1 172.16.5.4 192.168.1.1 169.254.169.254 100.64.0.1 224.0.0.1 255.255.255.255 192.0.2.1
::1 :: fe80::1 fe80::1%eth0 fc00::1 fd12::1 ff02::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 2002:7f00:1:: 64:ff9b::7f00:1 ::7f00:1
64:ff9b::a9fe:a9fe 2001:db8::1
"""


@pytest.mark.parametrize("address", PRIVATE.split())
def test_addresses_of_a_private_network_are_refused(address: str) -> None:
    assert not address_allowed(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are_allowed(address: str) -> None:
    assert address_allowed(address)


@given(st.ip_addresses(v=4, network="10.0.0.0/8"))
def test_a_network_is_opened_by_name_only(address: ipaddress.IPv4Address) -> None:
    opened = ipaddress.ip_network("10.1.0.0/16")
    assert address_allowed(str(address), (opened,)) == (address in opened)
    assert address_allowed(f"::ffff:{address}", (opened,)) == (address in opened)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "file:///etc/passwd", "https://", "https:///x", "nonsense", "https://a b/",
        "https://name:password@example.org/", "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:7f00:1]/",
        "https://169.254.169.254/latest", "https://localhost/", "https://localhost./", "https://0/", "https://2130706433/",
        "https://0x7f.1/", "https://127.1/",
    ],
)  # fmt: skip
def test_an_address_inside_or_of_another_form_is_refused(url: str) -> None:
    with pytest.raises((AddressRefused, NoAnswer)):
        fetch(url, policy=Policy(timeout_s=1, total_s=2))


def test_nothing_is_sent_to_a_refused_address(server: Server) -> None:
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(AddressRefused, match="LODESTONE_KNOWLEDGE_FETCH_NETWORKS"):
            fetch(server.url("/plain", host), policy=Policy(plain_http=True, timeout_s=1))
    assert server.asked == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([["8.8.8.8", "127.0.0.1"], ["127.0.0.1"]])

    async def resolved(host: str, port: int) -> list[str]:
        return next(answers)

    # a name server that answers differently each time cannot be had on loopback
    monkeypatch.setattr("knowledge.fetching.transport.addresses_of", resolved)
    with pytest.raises(AddressRefused):
        fetch(server.url("/plain", "rebinding.example"), policy=Policy(plain_http=True, timeout_s=1))
    assert next(answers) == ["127.0.0.1"]  # looked up once: the second answer was not asked for
    assert server.asked == []


def test_an_allowed_network_is_asked_and_its_answer_given(server: Server) -> None:
    found = fetch(server.url("/plain"), policy=HERE)
    assert (found.status, found.ok, found.content) == (200, True, b"plain")
    assert fetch(server.url("/else"), policy=HERE).status == 404
    sent = fetch(server.url("/"), policy=HERE, method="POST", headers={"X-Word": "w"}, content=b"body")
    assert (sent.status, sent.content) == (201, b"w:body")


def test_redirects_lead_nowhere_else(server: Server) -> None:
    assert fetch(server.url("/near"), policy=HERE).status == 302
    following = Policy(networks=LOOPBACK, plain_http=True, redirects=2)
    assert fetch(server.url("/near"), policy=following).content == b"plain"
    assert fetch(server.url("/circle"), policy=following).status == 302
    assert server.asked.count("/circle") == 3
    with pytest.raises(AddressRefused, match="another server"):
        fetch(server.url("/far"), policy=following)


def test_only_hosts_on_the_list_are_asked(server: Server) -> None:
    listed = Policy(networks=LOOPBACK, plain_http=True, hosts=frozenset({"localhost"}))
    with pytest.raises(AddressRefused, match="list"):
        fetch(server.url("/plain"), policy=listed)
    assert fetch(server.url("/plain", "LOCALHOST"), policy=Policy((*LOOPBACK, ipaddress.ip_network("::1")), True)).ok


def test_an_answer_without_end_is_cut(server: Server) -> None:
    with pytest.raises(TooMuch):
        fetch(server.url("/long"), policy=Policy(networks=LOOPBACK, plain_http=True, max_bytes=4999))
    assert (
        len(fetch(server.url("/long"), policy=Policy(networks=LOOPBACK, plain_http=True, max_bytes=5000)).content)
        == 5000
    )


def test_a_server_that_drips_is_left(server: Server) -> None:
    with pytest.raises(NoAnswer, match="in time"):
        fetch(server.url("/drip"), policy=Policy(networks=LOOPBACK, plain_http=True, timeout_s=1, total_s=0.5))


def test_nobody_there_is_said(server: Server) -> None:
    gone = server.url("/plain")
    server.server_close()
    with pytest.raises(NoAnswer):
        fetch(gone, policy=HERE)
    with pytest.raises(NoAnswer, match="no host called"):
        fetch("https://nobody.invalid/", policy=HERE)


def test_one_client_asks_many_times(server: Server) -> None:
    async def twice() -> list[bytes]:
        async with checked_client(HERE) as client:
            return [(await fetch_async(server.url("/plain"), policy=HERE, client=client)).content for _ in range(2)]

    assert asyncio.run(twice()) == [b"plain", b"plain"]


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate of this test")
def test_a_certificate_is_checked_against_the_name_that_was_asked(tmp_path: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    offered = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    offered.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    server = Server()
    server.socket = offered.wrap_socket(server.socket, server_side=True)
    trust = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    policy = Policy(networks=(*LOOPBACK, ipaddress.ip_network("::1")))

    def ask(host: str) -> Callable[[], bytes]:
        return lambda: fetch(server.url("/plain", host).replace("http", "https"), policy=policy, trust=trust).content

    for running in serving(server):
        assert ask("localhost")() == b"plain"
        with pytest.raises(NoAnswer, match="certificate"):
            ask("127.0.0.1")()
        with pytest.raises(NoAnswer, match="certificate"):
            fetch(running.url("/plain", "localhost").replace("http", "https"), policy=policy)


def test_names_are_looked_up(server: Server) -> None:
    assert set(asyncio.run(addresses_of("localhost", 80))) <= {"127.0.0.1", "::1"}


def test_settings_name_networks_and_stop_the_start_where_they_do_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LODESTONE_KNOWLEDGE_FETCH_NETWORKS", "10.1.0.0/16, ::1")
    monkeypatch.setenv("LODESTONE_OPEN_READING", "true")
    chosen = KnowledgeSettings()
    assert [str(network) for network in chosen.networks()] == ["10.1.0.0/16", "::1/128"]
    assert chosen.open_reading
    monkeypatch.setenv("LODESTONE_KNOWLEDGE_FETCH_NETWORKS", "the office")
    with pytest.raises(ValueError, match="the office"):
        KnowledgeSettings()
