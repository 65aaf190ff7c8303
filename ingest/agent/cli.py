"""`lodestone-agent`: run, check, status, retry, enrol, rotate, install-service. Exit 0 = well, 2 = something for a person to do."""

import argparse
import json
import logging
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

from pydantic import ValidationError

from ingest.agent import VERSION
from ingest.agent.config import ServerSettings, Settings, config_read
from ingest.agent.dry_run import dry_run
from ingest.agent.errors import AgentError, ConfigError, ServerError, SourceError
from ingest.agent.remote import Remote
from ingest.agent.runner import agent_run
from ingest.agent.service import service_of
from ingest.agent.status import rejected_requeue, status_read, status_text
from ingest.agent.tokens import token_rotate, token_write
from ingest.agent.wire import Wire

OPEN = "http, not https: whoever listens on the network can read the token and the data"
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
        ("rotate", rotate, "replace this agent's token by a new one"),
        ("install-service", install_service, "have the system start the agent and keep it running"),
        ("run", run, "collect and ship until stopped"),
        ("check", check, "validate the configuration, reach the server, look at the sources"),
        ("status", status, "what waits, how old it is, what was refused"),
        ("retry", retry, "send once more what the server refused, after its cause was removed"),
        ("enrol", enrol, "exchange a one-time code for this agent's token"),
    ):
        one = commands.add_parser(name, help=text, description=text)
        one.add_argument("-c", "--config", type=Path, default=DEFAULT_CONFIG, help="TOML file (agent.toml)")
        one.set_defaults(command=command)
        if name == "run":
            one.add_argument("--dry-run", action="store_true", help="say what would be shipped; spool and send nothing")
            one.add_argument("--seconds", type=float, default=10, help="how long a dry run looks (10)")
        if name == "install-service":
            one.add_argument("--user", action="store_true", help="for this person only; needs no administrator")
            one.add_argument("--print", action="store_true", help="show what would be written and run; change nothing")
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
    if settings.server.is_open:
        logging.getLogger(__name__).warning(OPEN)
    if options.dry_run:
        return _dry_run(settings, options.seconds, stopping)
    agent_run(settings, stopping=stopping)
    return 0


def _dry_run(settings: Settings, seconds: float, stopping: threading.Event) -> int:
    present = Remote(settings).start()
    told = dry_run(present, seconds=seconds, stopping=stopping, say=print)
    for one in told:
        print(f"{one.name}: would ship {one.rows} rows, {one.lines} lines, {one.files} files, {one.bytes} bytes")
    return 2 if any(one.error for one in told) else 0


def rotate(options: argparse.Namespace) -> int:
    """Replace the token; a running agent goes on with the new one by itself."""
    answer = token_rotate(config_read(options.config).server)
    ends = answer.get("expires")
    until = f"until {time.strftime('%Y-%m-%d', time.gmtime(ends))}" if ends else "until it is rotated or revoked"
    print(f"the token was replaced; the new one is valid {until}")
    return 0


def install_service(options: argparse.Namespace) -> int:
    """Write the service and switch it on, or only show it."""
    settings = config_read(options.config)
    settings.server.secret()
    service = service_of(settings, options.config, user=options.user)
    if options.print:
        print(f"# {service.path}\n{service.text}")
        print("\n".join(f"# {' '.join(command)}" for command in service.commands))
        return 0
    service.install()
    print(f"{service.path} is written and switched on; `lodestone-agent status` says how it goes")
    return 0


def check(options: argparse.Namespace) -> int:
    """Say what would happen, without collecting or sending anything."""
    settings = config_read(options.config)
    faults: list[str] = []
    found: dict[str, list[str]] = {"config": [f"{options.config} is valid"]}
    if settings.server.is_open:
        found["config"].append(f"WARNING: {OPEN}")
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
        return lines
    finally:
        wire.close()


def status(options: argparse.Namespace) -> int:
    """What waits; exit 2 when a person should look."""
    settings = config_read(options.config)
    now = time.time_ns()
    document = status_read(settings, now=now)
    print(json.dumps(document, ensure_ascii=False) if options.json else status_text(document, now=now))
    state = (document.get("server") or {}).get("state")
    refused = (document.get("config") or {}).get("refused")
    return 2 if document["rejected"] or refused or state in ("unauthorised", "incompatible") else 0


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
