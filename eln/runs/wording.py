"""How steps and changes of runs are worded for a reader."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from eln.ui.quantity import pretty_number, pretty_unit

FIELDS = {
    "started": gettext_lazy("start"),
    "ended": gettext_lazy("end"),
    "title": gettext_lazy("title"),
    "recipe": gettext_lazy("recipe"),
    "sample": gettext_lazy("sample"),
    "person": gettext_lazy("person"),
    "split": gettext_lazy("split"),
    "merged": gettext_lazy("merged"),
    "withdrawn": gettext_lazy("removed"),
    "restored": gettext_lazy("brought back"),
    "added": gettext_lazy("entered by hand"),
    "released": gettext_lazy("given back to the instrument"),
}
ORIGINS = {
    "events": gettext_lazy("announced by the instrument"),
    "activity": gettext_lazy("found in set points and shutters"),
    "gap": gettext_lazy("found between gaps in the data"),
    "file": gettext_lazy("found in an event log"),
    "person": gettext_lazy("entered by hand"),
}


def field_label(field: str) -> str:
    """What a row of the history is about."""
    return str(FIELDS.get(field, field))


def origin_label(origin: str) -> str:
    """Where a run comes from."""
    return str(ORIGINS.get(origin, origin))


def step_label(step: Mapping[str, Any]) -> str:
    """The name of a step; one that was told from set points is put into words."""
    changed = step.get("changed")
    if changed is None:
        return str(step.get("name", ""))
    return ", ".join(_moved(one) for one in changed) or _("before the first change")


def _moved(changed: Mapping[str, Any]) -> str:
    name = re.sub(r"[ _.]*(set ?_?point|sp)$", "", str(changed["channel"]), flags=re.IGNORECASE) or changed["channel"]
    if changed.get("switch"):
        return (_("{name} opens") if changed["after"] else _("{name} closes")).format(name=name)
    unit = pretty_unit(changed.get("unit"))
    after = f"{pretty_number(changed['after'])} {unit}".strip()
    if changed.get("how") == "hold":
        return _("{name} holds {value}").format(name=name, value=after)
    if changed.get("how") == "ramp":
        return _("{name} ramps from {before} to {after}").format(
            name=name, before=pretty_number(changed["before"]), after=after
        )
    return _("{name} to {after}").format(name=name, after=after)
