"""The demo: an account, a project, a simulated growth machine on a real agent, and data to search."""

import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from deploy.embedded import Companions

INSTRUMENT = "oxide-mbe"
USERNAME = "demo"


@dataclass(frozen=True)
class Account:
    """What to log in with."""

    username: str
    password: str


def folder() -> Path:
    """Where the demo keeps its agent, its log files and the folder that is watched."""
    return Path(settings.HOME) / "demo"


def demo_prepare() -> Account:
    """The account, its project and the instrument; made once, the password is kept in home/demo/password (mode 0600)."""
    from eln.models import Membership, Project, User
    from ingest.gateway.services import instrument_ensure

    folder().mkdir(parents=True, exist_ok=True)
    (folder() / "watched").mkdir(exist_ok=True)
    path = folder() / "password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(f"{secrets.choice(['growth', 'lattice', 'shutter', 'phonon'])}-{secrets.token_hex(4)}")
    account = Account(USERNAME, path.read_text())
    with transaction.atomic():
        user, made = User.objects.get_or_create(username=USERNAME, defaults={"first_name": "Demo", "is_staff": True})
        if made or not user.check_password(account.password):
            user.set_password(account.password)
            user.save()
        project, _ = Project.objects.get_or_create(slug="oxide-films", defaults={"title": "Oxide films"})
        Membership.objects.get_or_create(user=user, project=project, defaults={"role": Membership.Role.OWNER})
        instrument_ensure(
            slug=INSTRUMENT, title="Oxide MBE (simulated)", title_zh="氧化物分子束外延（模拟）", technique="MBE"
        )
    return account


AGENT_CONFIG = """\
# The demo's agent: a simulated oxide-MBE machine with faults made on purpose, and a folder that is watched.
instrument = "{instrument}"

[server]
url = "{address}"
token_file = "agent.token"

[spool]
path = "agent.spool"

[[sources]]
name = "machine"
type = "simulated"
people = ["{person}"]
faults = [
  {{ kind = "burst", channel = "chamber_pressure", at_s = 85, duration_s = 6, repeat_s = 420, size = 40 }},
  {{ kind = "stuck", channel = "buffer_pressure", at_s = 285, duration_s = 30, repeat_s = 420 }},
  {{ kind = "drift", channel = "sr_cell_temperature", at_s = 110, duration_s = 20, repeat_s = 420, size = 30 }},
  {{ kind = "gap", at_s = 350, duration_s = 12, repeat_s = 420 }},
]

[[sources]]
name = "watched"
type = "folder"
path = "watched"
follow = ["*.log"]
close_after_s = 600
settle_s = 2
"""


def agent_configure(address: str) -> Path:
    """Write the agent's configuration; the address may change from start to start."""
    path = folder() / "agent.toml"
    path.write_text(AGENT_CONFIG.format(address=address, instrument=INSTRUMENT, person=USERNAME))
    return path


def agent_enrol(config: Path, address: str) -> None:
    """Give the agent its token by a one-time code, as a person would."""
    from ingest.gateway.models import Instrument
    from ingest.gateway.services import enrolment_create

    if (folder() / "agent.token").exists():
        return
    code = enrolment_create(instrument=Instrument.objects.get(slug=INSTRUMENT))
    command = [
        sys.executable,
        "-m",
        "ingest.agent",
        "enrol",
        "--server",
        address,
        "--code",
        code,
        "--config",
        str(config),
    ]
    subprocess.run(command, cwd=settings.BASE_DIR, check=True, capture_output=True, timeout=60)


def demo_start(companions: Companions, *, address: str) -> None:
    """Start the agent and, the first time, the loading of the demo data."""
    config = agent_configure(address)
    agent_enrol(config, address)
    companions.start([sys.executable, "-m", "ingest.agent", "run", "--config", str(config)], folder() / "agent.log")
    if not (folder() / "data.loaded").exists():
        companions.start([sys.executable, "manage.py", "demo_data"], folder() / "data.log")
