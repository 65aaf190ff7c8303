"""`lodestone-agent`: run, check, status, retry, enrol. Exit 0 = well, 2 = something for a person to do."""

import argparse
import json
import logging
import os
import re
import signal
import socket
import sys
import threading
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from pydantic import ValidationError

from ingest.agent import VERSION
from ingest.agent.config import ServerSettings, Settings, config_read
from ingest.agent.errors import AgentError, ConfigError, ServerError, SourceError
from ingest.agent.runner import agent_run
from ingest.agent.status import rejected_requeue, status_read, status_text
from ingest.agent.wire import Wire

DEFAULT_CONFIG = Path("agent.toml")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; the exit status."""
    options = _parser().parse_args(argv)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        stream=sys.stderr,
    )

    try:
        status: int = options.command(options)
    except AgentError as error:
        print(f"lodestone-agent: {error}", file=sys.stderr)
        return 2
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lodestone-agent", description="Ships what an instrument produces to Lodestone."
    )
    parser.add_argument("--version", action="version", version=VERSION)
    parser.add_argument("--verbose", action="store_true")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command, text in (
        ("run", run, "collect and ship until stopped"),
        ("check", check, "validate the configuration, reach the server, look at the sources"),
        ("status", status, "what waits, how old it is, what was refused"),
        ("retry", retry, "send once more what the server refused, after its cause was removed"),
        ("enrol", enrol, "exchange a one-time code for this agent's token"),
    ):
        one = commands.add_parser(name, help=text, description=text)
        one.add_argument("-c", "--config", type=Path, default=DEFAULT_CONFIG, help="TOML file (agent.toml)")
        one.set_defaults(command=command)
        if name in ("check", "status"):
            one.add_argument("--json", action="store_true", help="print one JSON document")
        if name == "enrol":
            one.add_argument("--server", required=True, help="address of the site, https://...")
            one.add_argument("--code", required=True, help="one-time code from the instrument's page")
            one.add_argument("--ca-file", type=Path, help="certificates to trust instead of the system's")
            one.add_argument("--name", default=socket.gethostname(), help="name of this agent (the computer's)")
    return parser


def run(options: argparse.Namespace) -> int:
    """Collect and ship until SIGTERM or Ctrl-C."""
    settings = config_read(options.config)
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    agent_run(settings, stopping=stopping)
    return 0


def check(options: argparse.Namespace) -> int:
    """Say what would happen, without collecting or sending anything."""
    settings = config_read(options.config)
    faults: list[str] = []
    found: dict[str, list[str]] = {"config": [f"{options.config} is valid"]}
    try:
        found["server"] = _server_check(settings)
    except (ServerError, ConfigError) as error:
        faults.append(f"server: {error}")
    for one in settings.sources:
        try:
            found[one.name] = one.build(settings.folder).check()
        except SourceError as error:
            faults.append(f"{one.name}: {error}")
    if options.json:
        print(json.dumps({"found": found, "faults": faults}, ensure_ascii=False))
    else:
        for name, lines in found.items():
            for line in lines:
                print(f"{name}: {line}")
        for fault in faults:
            print(f"FAULT {fault}")
    return 2 if faults else 0


def _server_check(settings: Settings) -> list[str]:
    wire = Wire(settings.server, settings.server.secret())
    try:
        wire.ping()
        offset = wire.clock.offset or 0
        lines = [f"{settings.server.url} answers", f"this computer's clock is {-offset / 1e9:+.3f} s from the server's"]
        host = urlsplit(settings.server.url).hostname
        if settings.server.url.startswith("http:") and host not in ("127.0.0.1", "localhost", "::1"):
            lines.append("WARNING: http, not https: whoever listens on the network can read the token")
        return lines
    finally:
        wire.close()


def status(options: argparse.Namespace) -> int:
    """What waits; exit 2 when a person should look."""
    settings = config_read(options.config)
    now = time.time_ns()
    document = status_read(settings, now=now)
    print(json.dumps(document, ensure_ascii=False) if options.json else status_text(document, now=now))
    unauthorised = (document.get("server") or {}).get("state") == "unauthorised"
    return 2 if document["rejected"] or unauthorised else 0


def retry(options: argparse.Namespace) -> int:
    """Put what was refused back into the queue."""
    print(f"{rejected_requeue(config_read(options.config).spool.path)} put back into the queue")
    return 0


def enrol(options: argparse.Namespace) -> int:
    """Fetch the token and write it beside the configuration, readable by its owner only."""
    token_file, instruments = _token_file(options.config)
    try:
        server = ServerSettings(url=options.server, token_file=token_file, ca_file=options.ca_file)
    except ValidationError as error:
        raise ConfigError("; ".join(fault["msg"] for fault in error.errors())) from error
    wire = Wire(server, None)
    try:
        answer = wire.enrol(code=options.code, name=re.sub(r"\s+", "-", options.name)[:80], host=socket.gethostname())
    finally:
        wire.close()
    token_write(token_file, str(answer["token"]))
    print(f"enrolled as {answer['agent']} for the instrument {answer['instrument']}; the token is in {token_file}")
    if not options.config.exists():
        starter = STARTER.format(server=options.server, token=token_file.name, instrument=answer["instrument"])
        options.config.write_text(starter, "utf-8")
        print(f"wrote {options.config}: put the folder to watch into it, then run `lodestone-agent check`")
    elif instruments - {answer["instrument"]}:
        raise ConfigError(
            f"{options.config}: the code was for {answer['instrument']!r}, but the file names "
            f"{', '.join(sorted(instruments))}: change `instrument` there"
        )
    return 0


STARTER = """\
instrument = "{instrument}"

[server]
url = "{server}"
token_file = "{token}"

[[sources]]
name = "files"
type = "folder"
path = "data"            # the folder the instrument writes to; never written to by the agent
follow = ["*.log"]       # files that grow while they are written, shipped line by line
"""


def _token_file(config: Path) -> tuple[Path, set[str]]:
    """Where the token goes, and the instruments a present configuration names; read before the code is spent."""
    place = config.absolute().with_suffix(".token")
    if not config.exists():
        return place, set()
    try:
        document = tomllib.loads(config.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{config}: not valid TOML: {error}") from error
    server, sources = document.get("server", {}), document.get("sources", [])
    named = server.get("token_file") if isinstance(server, dict) else None
    if not isinstance(named, str):
        raise ConfigError(f'{config}:\n  server.token_file: say where the token goes, e.g. token_file = "{place.name}"')
    everywhere = [document, *(one for one in sources if isinstance(one, dict))]
    return config.absolute().parent / Path(named).expanduser(), {
        one["instrument"] for one in everywhere if isinstance(one.get("instrument"), str)
    }


def token_write(path: Path, token: str) -> None:
    """Replace the token file in one step; never readable by others, not for a moment."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        handle.write(token + "\n")
    part.replace(path)
