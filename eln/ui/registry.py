"""What other packages add to the shell: menu items, panels in named slots of a page, lines of the status page."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise

Label = str | Promise


@dataclass(frozen=True)
class NavItem:
    """One entry of the menu. `label` is lazy gettext, `url` a name to reverse, `icon` a symbol of icons.svg."""

    label: Label
    url: str
    order: int
    icon: str = "circle"


@dataclass(frozen=True)
class Panel:
    """A piece of a page owned by a lower package; `render(request, subject)` gives HTML or an empty string.

    Slots: `eln.entry` (subject: eln.Entry), `eln.home` and `eln.account` (subject: none), `knowledge.record` (knowledge.Record),
    `knowledge.results` (subject: knowledge.Query; buttons beside a result list), `knowledge.material` and
    `knowledge.material.actions` (str, reduced formula; beside the page, and buttons in its head).
    """

    slot: str
    render: Callable[[HttpRequest, Any], str]  # Any: the slot's subject
    order: int = 100


@dataclass(frozen=True)
class Check:
    """A line of the status page: `state()` gives (ok, sentence)."""

    label: Label
    state: Callable[[], tuple[bool, str]]


_nav: dict[str, NavItem] = {}
_panels: list[Panel] = []
_checks: list[Check] = []


def nav_add(item: NavItem) -> None:
    """Add an item to the menu; called from `AppConfig.ready()`."""
    _nav[item.url] = item


def panel_add(panel: Panel) -> None:
    """Add a panel to a slot; called from `AppConfig.ready()`."""
    _panels.append(panel)


def check_add(check: Check) -> None:
    """Add a line to the status page; called from `AppConfig.ready()`."""
    _checks.append(check)


def nav() -> list[NavItem]:
    """The menu in order."""
    return sorted(_nav.values(), key=lambda item: item.order)


def panels(slot: str) -> list[Panel]:
    """The panels of a slot in order."""
    return sorted((panel for panel in _panels if panel.slot == slot), key=lambda panel: panel.order)


def checks() -> list[Check]:
    """All lines of the status page."""
    return list(_checks)
