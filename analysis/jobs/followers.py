"""Who follows a job: each follower is a process with a name that others can look for, and a job without one has failed."""

import os
import socket

import psutil
from django.db import transaction
from django.utils import timezone

from analysis.jobs.models import Job
from analysis.jobs.reasons import GONE
from ingest.feeds.services import feed_append


def follower_name() -> str:
    """Names this process so that another can tell whether it still lives."""
    return f"{socket.gethostname()}:{os.getpid()}:{int(psutil.Process().create_time())}"


def follower_lives(name: str) -> bool:
    """Whether that process is still there; of another machine it cannot be told, so it is believed."""
    host, pid, born = [*name.rsplit(":", 2), "", ""][:3]
    if host != socket.gethostname() or not pid.isdigit():
        return bool(host) and host != socket.gethostname()
    try:
        return abs(int(psutil.Process(int(pid)).create_time()) - int(born)) <= 1
    except psutil.Error:
        return False


def orphans_fail() -> int:
    """Mark running jobs whose follower is gone as failed, with the reason; how many."""
    found = 0
    for uid, follower in Job.objects.filter(state=Job.State.RUNNING).values_list("uid", "follower"):
        if follower_lives(follower):
            continue
        with transaction.atomic():
            if Job.objects.filter(uid=uid, state=Job.State.RUNNING, follower=follower).update(
                state=Job.State.FAILED, reason=GONE, ended=timezone.now()
            ):
                feed_append("jobs", uid)
                found += 1
    return found
