"""Real PostgreSQL, Redis, Neo4j and Mosquitto for tests: installed where possible, started on free ports in temporary folders.

`python -m deploy.services -- COMMAND` runs COMMAND with LODESTONE_TEST_DATABASE_URL, LODESTONE_TEST_BROKER_URL and
LODESTONE_TEST_NEO4J_URI set for the services that answer, and stops what it started. With CI=true a service that cannot be
started is an error.
Mosquitto is started by the tests themselves, since they break it on purpose.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PACKAGES = {
    "postgres": "postgresql", "redis-server": "redis-server", "mosquitto": "mosquitto",
    "mvn": "maven", "java": "openjdk-17-jdk-headless", "javac": "openjdk-17-jdk-headless",
}  # fmt: skip
NEO4J = Path(__file__).parent / "neo4j"
NEO4J_MEMORY = "-Xmx512m"
NEO4J_OPENS = ("java.base/java.nio", "java.base/java.io", "java.base/sun.nio.ch")


class ServiceAbsent(Exception):
    """The service is not installed here, or does not start; the message says why."""


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str) -> str:
    """The path of a server program, looked for where Debian hides PostgreSQL's too."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    if found or places:
        return found or str(places[0])
    raise ServiceAbsent(f"{name} is not installed (Debian package {PACKAGES.get(name, 'postgresql')})")


def wait_for(answers: Callable[[], bool], what: str, timeout_s: float = 30) -> None:
    """Wait until a service answers."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if answers():
            return
        time.sleep(0.1)
    raise ServiceAbsent(f"{what} did not answer within {timeout_s:.0f} s")


def listens(port: int) -> bool:
    """Whether something accepts connections on this port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root: the account to run it as, if we are root."""
    if os.geteuid() == 0:
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name).pw_name
    return None


@contextlib.contextmanager
def postgresql(*, durable: bool = False) -> Iterator[str]:
    """A fresh PostgreSQL; gives its address. `durable`: a commit is on disk, as in production; tests need no such wait."""
    initdb, server = program("initdb"), program("postgres")
    account, port = _unprivileged(), free_port()
    with tempfile.TemporaryDirectory(prefix="lodestone-pg-", ignore_cleanup_errors=True) as folder:
        if account:
            shutil.chown(folder, account)
        data = str(Path(folder) / "data")
        made = subprocess.run(
            [initdb, "-D", data, "-U", "lodestone", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"],
            capture_output=True, text=True, cwd=folder, user=account, check=False,
        )  # fmt: skip
        if made.returncode:
            raise ServiceAbsent(f"initdb failed: {made.stderr.strip()[-400:]}")
        command = [
            server,
            "-D",
            data,
            "-p",
            str(port),
            "-h",
            "127.0.0.1",
            "-k",
            folder,
            "-c",
            f"fsync={'on' if durable else 'off'}",
        ]
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, user=account)
        try:
            ready = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
            wait_for(lambda: subprocess.run(ready, check=False).returncode == 0, "PostgreSQL")
            yield f"postgresql://lodestone@127.0.0.1:{port}/postgres"
        finally:
            process.terminate()
            process.wait(30)


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A fresh Redis that keeps nothing; gives its address."""
    server, port = program("redis-server"), free_port()
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tempfile.gettempdir())
    try:
        wait_for(lambda: listens(port), "Redis")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def mosquitto(
    *, port: int = 0, lines: tuple[str, ...] = ("allow_anonymous true",), folder: Path | None = None
) -> Iterator[str]:
    """A fresh Mosquitto; gives its address. `lines`: more of its configuration; with `folder` it keeps sessions there."""
    server, port = program("mosquitto"), port or free_port()
    with tempfile.TemporaryDirectory(prefix="lodestone-mqtt-", ignore_cleanup_errors=True) as place:
        kept = (f"persistence true\npersistence_location {folder}/",) if folder else ()
        config = Path(place) / "mosquitto.conf"
        config.write_text("\n".join([f"listener {port} 127.0.0.1", f"user {_account()}", *lines, *kept]) + "\n")
        process = subprocess.Popen([server, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: listens(port), "Mosquitto")
            yield f"mqtt://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def _account() -> str:
    """Who we are: Mosquitto started by root would become another user, who may not read our folders."""
    return pwd.getpwuid(os.geteuid()).pw_name


def _neo4j_classes() -> Path:
    """The folder of Neo4j's jars and our few lines that start it; fetched by Maven once for each version of them."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lodestone"
    made_of = b"".join((NEO4J / name).read_bytes() for name in ("pom.xml", "GraphServer.java"))
    ready = cache / f"neo4j-{hashlib.sha256(made_of).hexdigest()[:12]}"
    if ready.is_dir():
        return ready
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="neo4j-", dir=cache) as folder:
        lib = Path(folder) / "lib"
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={lib}", f"-f={NEO4J / 'pom.xml'}"]
        _made([program("mvn"), "-q", "-B", *copy], "Maven cannot fetch Neo4j")
        _made([program("javac"), "-cp", f"{lib}/*", "-d", folder, str(NEO4J / "GraphServer.java")], "javac failed")
        with contextlib.suppress(OSError):  # another process was faster
            Path(folder).rename(ready)
            Path(folder).mkdir()  # for the temporary folder's own removal
    return ready


def _made(command: list[str], otherwise: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServiceAbsent(f"{otherwise}: {(done.stdout + done.stderr).strip()[-600:]}")


@contextlib.contextmanager
def neo4j() -> Iterator[str]:
    """A fresh Neo4j on loopback, without passwords; gives its address."""
    java, classes, port = program("java"), _neo4j_classes(), free_port()
    opens = [f"--add-opens={package}=ALL-UNNAMED" for package in NEO4J_OPENS]
    with tempfile.TemporaryDirectory(prefix="lodestone-neo4j-", ignore_cleanup_errors=True) as folder:
        command = [java, NEO4J_MEMORY, *opens, "-cp", f"{classes}:{classes}/lib/*", "GraphServer", folder, str(port)]
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=folder)
        try:
            wait_for(lambda: b"ready" in Path(folder, "log").read_bytes() and listens(port), "Neo4j", 90)
            yield f"bolt://127.0.0.1:{port}"
        finally:
            process.kill()  # nothing in it is worth a clean end
            process.wait(30)


SERVICES = {
    "LODESTONE_TEST_DATABASE_URL": postgresql,
    "LODESTONE_TEST_BROKER_URL": redis,
    "LODESTONE_TEST_NEO4J_URI": neo4j,
}


def main(arguments: list[str]) -> int:
    """Run a command beside the services."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    environment = dict(os.environ)
    with contextlib.ExitStack() as stack:
        for variable, service in SERVICES.items():
            try:
                environment[variable] = stack.enter_context(service())
            except ServiceAbsent as reason:
                if environment.get("CI") == "true":
                    print(f"services: {reason}; in CI it must start", file=sys.stderr)
                    return 1
                print(f"services: {reason}; tests that need it are skipped", file=sys.stderr)
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
