"""All tables of eln in one place, for Django and for the newcomer."""

from eln.accounts.models import Membership, Project, User
from eln.entries.models import Attachment, Comment, Entry, Revision
from eln.filing.models import Decision, FilingRule
from eln.instruments.models import Placement, Watching
from eln.samples.models import Sample

__all__ = [
    "Attachment",
    "Comment",
    "Decision",
    "Entry",
    "FilingRule",
    "Membership",
    "Placement",
    "Project",
    "Revision",
    "Sample",
    "User",
    "Watching",
]
