"""What a check of the stores finds, and the checks themselves, which packages add."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """Something stored that is not as the catalogue says. `what`: the kind of thing; `name`: which; `reason`: with what to do."""

    what: str
    name: str
    reason: str


@dataclass
class Count:
    """How much a check has looked at."""

    things: int = 0
    size: int = 0


Verifier = Callable[[Count], Iterator[Fault]]
_verifiers: dict[str, Verifier] = {}


def verifier_add(name: str, verifier: Verifier) -> None:
    """Add a check; called from `AppConfig.ready()`. It counts what it looks at and yields what is wrong."""
    _verifiers[name] = verifier


def verifiers() -> dict[str, Verifier]:
    """All checks by name, in the order of registration."""
    return dict(_verifiers)
