"""The notebook's own lines of the status page."""

import shutil

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from eln.entries.models import Attachment
from eln.ui.quantity import pretty_bytes
from ingest.feeds.models import Failure
from ingest.home import home
from ingest.verification.selectors import custody

LITTLE_DISK = 2 * 2**30


def database_state() -> tuple[bool, str]:
    """Whether the database answers, and which it is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True, _("{name} answers.").format(name="SQLite" if connection.vendor == "sqlite" else "PostgreSQL")


def disk_state() -> tuple[bool, str]:
    """Whether the data folder has room."""
    free = shutil.disk_usage(home()).free
    return free > LITTLE_DISK, _("{size} are free in the data folder.").format(size=pretty_bytes(free))


def files_state() -> tuple[bool, str]:
    """Whether the bytes of stored files are still those that came."""
    found = custody()
    if found.faulty:
        names = ", ".join(found.faulty[:5]) + (" …" if len(found.faulty) > 5 else "")
        return False, _(
            "The stored bytes of {names} are damaged or missing and are not shown any more: hand these files over again, or "
            "restore them from a backup; `manage.py verify` looks at everything."
        ).format(names=names)
    if found.unseen:
        return True, _("{count} of {all} stored files were not hashed again yet.").format(
            count=found.unseen, all=found.blobs
        )
    when = found.oldest.strftime("%Y-%m-%d %H:%M UTC") if found.oldest else "–"
    return True, _("All {all} stored files were hashed again since {when}.").format(all=found.blobs, when=when)


def failures_state() -> tuple[bool, str]:
    """Whether every key was processed."""
    count = Failure.objects.count()
    text = ngettext("{count} item could not be processed.", "{count} items could not be processed.", count)
    return count == 0, text.format(count=count)


def inbox_state() -> tuple[bool, str]:
    """How many files wait for a person; that is no fault."""
    count = Attachment.objects.filter(entry=None, set_aside=False).count()
    return True, ngettext("{count} file waits in the inbox.", "{count} files wait in the inbox.", count).format(
        count=count
    )
