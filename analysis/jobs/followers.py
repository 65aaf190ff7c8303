"""Who follows a job: each follower is a process with a name that others can look for, and a job without one has failed."""

from django.db import transaction
from django.utils import timezone

from analysis.jobs.models import Job
from analysis.jobs.reasons import GONE
from ingest.feeds.followers import follower_lives, follower_name
from ingest.feeds.services import feed_append

__all__ = ["follower_lives", "follower_name", "orphans_fail"]


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
