"""Why jobs end before their time: sentences kept as they are in the catalogue, filled in with the job's limits when shown."""

from django.utils.translation import gettext, gettext_noop

from analysis.jobs.models import Job

MEMORY = gettext_noop(
    "The job was ended because it used more memory than its limit of {memory_mb} MiB. Give it fewer rows or smaller parameters."
)
CPU = gettext_noop("The job was ended because it used more processor time than its limit of {cpu_s} s.")
WALL = gettext_noop("The job was ended because it took longer than its limit of {wall_s} s.")
GONE = gettext_noop(
    "The process that followed this job is gone: the site was stopped or crashed while it ran. Press Retry."
)


def reason_told(job: Job) -> str:
    """The reason in the reader's language."""
    return gettext(job.reason).format(**job.limits) if job.reason in (MEMORY, CPU, WALL, GONE) else job.reason
