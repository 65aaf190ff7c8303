"""Why a material is like another, as sentences in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from knowledge.materials.presentation import property_label, value_label


def reason_told(axis: str, reason: Mapping[str, Any]) -> str:  # Any: JSON
    """One axis of `Similar.why` as a sentence."""
    return {"composition": _composition, "structure": _structure, "class": _class}[axis](reason)


def reasons_told(why: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """All axes, one sentence each."""
    return [reason_told(axis, reason) for axis, reason in why.items()]


def _composition(reason: Mapping[str, Any]) -> str:
    lost, gained = ", ".join(reason["lost"]), ", ".join(reason["gained"])
    figure = f"{reason['distance']:.2f}"
    if lost and gained:
        return _("%(gained)s in place of %(lost)s; composition distance %(figure)s on the Pettifor scale") % {
            "gained": gained,
            "lost": lost,
            "figure": figure,
        }
    if lost or gained:
        return _("%(elements)s less or more; composition distance %(figure)s on the Pettifor scale") % {
            "elements": lost or gained,
            "figure": figure,
        }
    return _("the same elements; composition distance %(figure)s on the Pettifor scale") % {"figure": figure}


def _structure(reason: Mapping[str, Any]) -> str:
    if "prototype" in reason:
        return _("same prototype %(name)s") % {"name": reason["prototype"]}
    parts = []
    if reason["spacegroup"] == reason["spacegroup_sought"]:
        parts.append(_("same space group %(number)s") % {"number": reason["spacegroup"]})
    elif reason["spacegroup"]:
        parts.append(
            _("space group %(other)s, not %(one)s")
            % {"one": reason["spacegroup_sought"], "other": reason["spacegroup"]}
        )
    if "ratio" in reason:
        parts.append(_("same stoichiometry %(ratio)s") % {"ratio": reason["ratio"]})
    return "; ".join(parts) or _("no structure in common")


def _class(reason: Mapping[str, Any]) -> str:
    if not reason["same"]:
        return _("no class in common")
    names = (
        f"{property_label(None, name)}: {value_label(None, name, value)}" for name, value in reason["same"].items()
    )
    return _("%(shared)s of %(all)s classes the same (%(names)s)") % {
        "shared": len(reason["same"]),
        "all": reason["of"],
        "names": "; ".join(names),
    }
