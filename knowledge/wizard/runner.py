"""Follows imports: a process for each step, ended when asked or when it takes too much."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

from django.conf import settings
from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext_noop

from ingest.feeds.followers import follower_lives, follower_name
from ingest.home import home
from knowledge.wizard.models import TableImport
from knowledge.wizard.process import NO_MEMORY, ORPHANED

log = logging.getLogger(__name__)
POLL_S, GRACE_S = 0.3, 2.0
GONE = gettext_noop("The process that read this import is gone: the site was stopped while it ran. Try again.")
MEMORY = gettext_noop(
    "The file needs more memory than an import may take: split it, or import it with manage.py import_topics."
)
WALL = gettext_noop("The import took longer than it may: split the file, or import it with manage.py import_topics.")


AFTER: dict[str, TableImport.State] = {
    TableImport.Step.READ: TableImport.State.READY,
    TableImport.Step.IMPORT: TableImport.State.DONE,
    TableImport.Step.UNDO: TableImport.State.UNDONE,
}


def import_run(uid: str) -> bool:
    """See one waiting import through its step; False if it was not waiting any more."""
    if not TableImport.objects.filter(pk=uid, state=TableImport.State.QUEUED).update(
        state=TableImport.State.RUNNING, follower=follower_name(), progress=0, message=""
    ):
        return False
    errors = home() / "imports" / uid / "errors.txt"
    with errors.open("wb") as log_file:
        process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-m", "knowledge.wizard.process", uid],
            stdin=subprocess.DEVNULL, stdout=log_file, stderr=log_file, start_new_session=True,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "deploy.config.settings")},
        )  # fmt: skip
    verdict = _watch(uid, process)
    tail = errors.read_text("utf-8", errors="replace").strip().splitlines()
    import_end(uid, process.returncode, verdict, tail[-1] if tail else "")
    return True


def _watch(uid: str, process: "subprocess.Popen[bytes]") -> str:
    """Until the process has ended; why we ended it: "cancelled", WALL, or nothing."""
    began = time.monotonic()
    while process.poll() is None:
        if TableImport.objects.filter(pk=uid, cancel_asked=True).exists():
            _kill(process)
            return "cancelled"
        if time.monotonic() - began > settings.KNOWLEDGE.import_wall_s:
            _kill(process)
            return WALL
        time.sleep(POLL_S)
    return ""


def _kill(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, number)
            process.wait(GRACE_S)
            return


def import_end(uid: str, status: int, verdict: str = "", said: str = "") -> None:
    """Note how the process of a step ended: its exit status, why we ended it, and the last line it said."""
    state, reason = TableImport.State.FAILED, verdict or _reason(status, said)
    if verdict == "cancelled":
        state, reason = TableImport.State.CANCELLED, ""
    elif not verdict and status == 0:
        state, reason = AFTER[TableImport.objects.only("step").get(pk=uid).step], ""
    TableImport.objects.filter(pk=uid, state=TableImport.State.RUNNING).update(
        state=state, reason=reason, progress=1.0, message="", follower="", ended=timezone.now()
    )


def _reason(status: int, said: str) -> str:
    if status == NO_MEMORY or "MemoryError" in said or "Unable to allocate" in said:
        return MEMORY
    if status == ORPHANED:
        return GONE
    return said[-1000:] or f"exit status {status}"


def orphans_fail() -> int:
    """Mark running imports whose follower is gone as failed; how many."""
    found = 0
    for uid, follower in TableImport.objects.filter(state=TableImport.State.RUNNING).values_list("pk", "follower"):
        if not follower_lives(follower):
            found += TableImport.objects.filter(pk=uid, state=TableImport.State.RUNNING, follower=follower).update(
                state=TableImport.State.FAILED, reason=GONE, ended=timezone.now()
            )
    return found


def import_due() -> str | None:
    """The import to follow next, unless enough run already."""
    if TableImport.objects.filter(state=TableImport.State.RUNNING).count() >= settings.KNOWLEDGE.import_parallel:
        return None
    waiting = TableImport.objects.filter(state=TableImport.State.QUEUED).order_by("created")
    return waiting.values_list("pk", flat=True).first()


_running = threading.Lock()


def imports_run() -> int:
    """Follow waiting imports until none waits; how many. One thread of a process does so at a time."""
    if not _running.acquire(blocking=False):
        return 0
    done = 0
    try:
        while (uid := import_due()) is not None:
            done += import_run(uid)
    finally:
        _running.release()
    return done


def imports_wake() -> None:
    """Follow waiting imports in a thread of this process, so that stages are not kept waiting."""

    def work() -> None:
        try:
            imports_run()
        finally:
            connections.close_all()

    if not _running.locked():
        threading.Thread(target=work, name="imports", daemon=True).start()
