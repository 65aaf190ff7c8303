"""The data folder: made and migrated by whichever command comes first."""

import fcntl
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from ingest.errors import IngestError

_prepared: list[Callable[[], object]] = []


def prepared_add(look: Callable[[], object]) -> None:
    """What a command does once the data folder is ready, before its own work; called from `AppConfig.ready()`."""
    _prepared.append(look)


def home() -> Path:
    """The folder of everything Lodestone stores (LODESTONE_HOME)."""
    return Path(settings.HOME)


class HomeBusy(IngestError):
    """Another site runs on this data folder."""

    code = "home_busy"


@contextmanager
def home_hold() -> Iterator[None]:
    """Be the one running site of the data folder; the system lets go of it however the process ends. Raises HomeBusy."""
    path = home() / "site.lock"
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HomeBusy(
                f"a Lodestone already runs on {home()}: stop it first, or set LODESTONE_HOME to another folder for this one"
            ) from error
        yield


def _fingerprint() -> str:
    """Changes when a migration is added: names of all migration files, and the database they belong to."""
    names = sorted(
        f"{config.label}/{file.name}"
        for config in apps.get_app_configs()
        for file in (Path(config.path) / "migrations").glob("*.py")
    )
    return hashlib.sha256(
        "\n".join([connection.vendor, str(connection.settings_dict["NAME"]), *names]).encode()
    ).hexdigest()


def home_prepare() -> None:
    """Create the folder and bring the database up to date; safe when several commands start at once, quick when done."""
    _migrate()
    for look in _prepared:
        look()


def _migrate() -> None:
    folder = home()
    (folder / "static").mkdir(parents=True, exist_ok=True)
    stamp, mark = folder / "migrated", _fingerprint()
    missing = connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists()
    if not missing and stamp.exists() and stamp.read_text() == mark:
        return
    with (folder / "migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if missing or not stamp.exists() or stamp.read_text() != mark:
            call_command("migrate", verbosity=0, interactive=False)
            stamp.write_text(mark)
