"""What the detectors' kinds of alert are called on a page; a kind of somebody's own detector keeps its name."""

from django.utils.translation import gettext_lazy as _

LABELS = {
    "gap": _("gap"),
    "stuck": _("stuck"),
    "out_of_range": _("out of range"),
    "burst": _("burst"),
    "drift": _("drift"),
}


def kind_label(kind: str) -> str:
    """The kind in the reader's language."""
    return str(LABELS.get(kind, kind.replace("_", " ")))
