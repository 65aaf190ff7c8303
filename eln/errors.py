"""Errors of eln.

ElnError
├── NotAllowed      visible, but this person may not change it (HTTP 403)
└── EditConflict    somebody else saved first (HTTP 409); `details` hold what is stored now
"""

from ingest.errors import LodestoneError


class ElnError(LodestoneError):
    """Root of what eln raises."""

    code = "eln_error"


class NotAllowed(ElnError):
    """Visible, but this person may not change it."""

    code = "not_allowed"
    status = 403


class EditConflict(ElnError):
    """Somebody else saved first; nothing was overwritten."""

    code = "edit_conflict"
    status = 409
