"""Follows jobs: starts a process for each, reads its progress, bounds it, ends it on request, stores what it made."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from django.conf import settings
from django.db import connections, transaction
from django.utils import timezone

from analysis.jobs.folders import events_read, job_folder, order_put
from analysis.jobs.followers import follower_name, orphans_fail
from analysis.jobs.models import Job
from analysis.jobs.reasons import CPU, GONE, MEMORY, WALL
from analysis.running.worker import NO_MEMORY, ORPHANED
from ingest.feeds.services import feed_append

log = logging.getLogger(__name__)
POLL_S = 0.3
GRACE_S = 2.0
NO_MEMORY_SIGNS = (  # how numpy, the loader, C++ and BLAS say that an allocation was refused
    "MemoryError",
    "Unable to allocate",
    "Cannot allocate memory",
    "std::bad_alloc",
    "emory allocation",
)


@dataclass
class Following:
    """What is known of a running process."""

    job: Job
    process: subprocess.Popen[bytes]
    offset: int = 0
    failed: str = ""
    verdict: str = ""  # why we ended it
    cancelled: bool = False


def job_follow(uid: str) -> bool:
    """Run a waiting job to its end, in this thread; False if it was not waiting any more."""
    if not Job.objects.filter(uid=uid, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING, started=timezone.now(), follower=follower_name(), message="", progress=0
    ):
        return False
    job = Job.objects.select_related("predictor").get(uid=uid)
    try:
        following = _start(job)
        _watch(following)
        _finish(following)
    except Exception as error:
        _end(job, Job.State.FAILED, f"{type(error).__name__}: {error}")
        log.exception("job %s", uid)
    return True


def environment(threads: int) -> dict[str, str]:
    """What the process may know: no secret, no database address."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG", "TMPDIR", "CUDA_VISIBLE_DEVICES")
        if name in os.environ
    }
    return kept | {f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}


def job_wait(uid: str) -> None:
    """Run a job here, or, where another process was quicker to take it, wait until it has ended."""
    if not job_follow(uid):
        while Job.objects.get(uid=uid).is_active:
            orphans_fail()
            time.sleep(POLL_S)


def _start(job: Job) -> Following:
    folder = order_put(job, parent=os.getpid())
    with (folder / "stderr.txt").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-I", "-X", "utf8", "-m", "analysis.running.worker", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            cwd=folder,
            env=environment(settings.ANALYSIS.threads),
            start_new_session=True,
        )
    Job.objects.filter(uid=job.uid).update(pid=process.pid)
    return Following(job, process)


def _watch(following: Following) -> None:
    """Until the process has ended: pass on its progress, keep it within its limits, end it when asked."""
    began = time.monotonic()
    while following.process.poll() is None:
        _progress(following)
        if not following.verdict and (why := _over(following, time.monotonic() - began)):
            following.verdict = why
            _kill(following.process)
        if Job.objects.filter(uid=following.job.uid, cancel_asked=True).exists():
            following.cancelled = True
            _kill(following.process)
        time.sleep(POLL_S)
    _progress(following)


def _over(following: Following, elapsed_s: float) -> str:
    limits = following.job.limits
    if elapsed_s > limits["wall_s"]:
        return WALL
    try:
        used = psutil.Process(following.process.pid).memory_info().rss
    except psutil.Error:
        return ""
    return MEMORY if used > limits["memory_mb"] * 2**20 else ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ask the whole group to end, and insist after a while."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(GRACE_S)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _progress(following: Following) -> None:
    events, following.offset = events_read(following.job.uid, following.offset)
    for event in events:
        following.failed = str(event.get("failed", following.failed))
    last = next((event for event in reversed(events) if "progress" in event), None)
    if last is not None:
        Job.objects.filter(uid=following.job.uid).update(progress=last["progress"], message=last["message"][:200])


def reason_of(status: int, failed: str, limits: dict[str, int], errors: Path) -> str:
    """Why a process that ended with this status has no result."""
    tail = errors.read_text(encoding="utf-8", errors="replace")[-2000:] if errors.exists() else ""
    if status == NO_MEMORY or any(sign in tail + failed for sign in NO_MEMORY_SIGNS):
        return MEMORY
    if failed:
        return failed
    if status in (-signal.SIGXCPU, 128 + signal.SIGXCPU):
        return CPU
    if status < 0:
        return f"The process ended without a result (signal {-status})."
    return tail.strip().splitlines()[-1] if tail.strip() else f"exit status {status}"


def _finish(following: Following) -> None:
    from analysis.predictions.services import predictions_file
    from analysis.predictors.services import predictor_store

    job, status = following.job, following.process.returncode
    if following.cancelled:
        return _end(job, Job.State.CANCELLED, "")
    if status == 0 and not following.verdict:
        (predictor_store if job.kind == Job.Kind.TRAIN else predictions_file)(job=job)
        return _end(job, Job.State.DONE, "", progress=1.0)
    if status == ORPHANED:
        return _end(job, Job.State.FAILED, GONE)
    errors = job_folder(job.uid) / "stderr.txt"
    reason = following.verdict or reason_of(status, following.failed, job.limits, errors)
    return _end(job, Job.State.FAILED, reason)


@transaction.atomic
def _end(job: Job, state: Job.State, reason: str, **more: float) -> None:
    Job.objects.filter(uid=job.uid, state=Job.State.RUNNING).update(
        state=state, reason=reason, ended=timezone.now(), pid=None, **more
    )
    feed_append("jobs", job.uid)


_running = threading.Lock()


def jobs_run() -> int:
    """Run waiting jobs one after another until none waits; how many. One thread of a process does so at a time."""
    if not _running.acquire(blocking=False):
        return 0
    done = 0
    try:
        orphans_fail()
        while (uid := job_due()) is not None:
            done += job_follow(uid)
    finally:
        _running.release()
        connections.close_all()
    return done


def job_due() -> str | None:
    """The job to start next: the one that waits longest, unless enough run already."""
    first = Job.objects.filter(state=Job.State.QUEUED).order_by("created").values_list("uid", flat=True).first()
    if first is None or Job.objects.filter(state=Job.State.RUNNING).count() >= settings.ANALYSIS.parallel:
        return None
    return first


def jobs_wake() -> None:
    """Run waiting jobs in a thread of this process, so that stages are not kept waiting behind a training."""
    if _running.locked():
        return
    threading.Thread(target=jobs_run, name="jobs", daemon=True).start()
