"""Members of a JSON document as values of the right type; a wrong one is named in a QueryError."""

from collections.abc import Mapping
from typing import Any

from knowledge.errors import QueryError
from knowledge.query.types import Scalar

Json = Any  # a JSON document
LARGEST = 2**63 - 1


def known(document: Json, members: set[str], where: str) -> None:
    """That it is an object and has no other members than these."""
    if not isinstance(document, Mapping):
        raise QueryError(f"{where} must be an object")
    if wrong := set(document) - members:
        raise QueryError(f"{where}: there is no '{min(map(str, wrong))}'; there are {', '.join(sorted(members))}")


def text(value: Json, where: str) -> str | None:
    """Text, or nothing."""
    if value is not None and not isinstance(value, str):
        raise QueryError(f"{where} must be text")
    return value


def wanted_text(document: Mapping[str, Json], member: str) -> str:
    """A member that must be text."""
    return text(document.get(member), member) or ""


def listed(value: Json, where: str) -> list[Json]:
    """A list."""
    if not isinstance(value, list | tuple):
        raise QueryError(f"{where} must be a list")
    return list(value)


def texts(value: Json, where: str) -> tuple[str, ...]:
    """A list of texts."""
    found = listed(value, where)
    if not all(isinstance(item, str) for item in found):
        raise QueryError(f"{where} must be a list of texts")
    return tuple(found)


def scalar(value: Json) -> Scalar | None:
    """A plain value, or nothing."""
    if not isinstance(value, str | int | float | bool | None):
        raise QueryError("compare: a value is text, a number, true or false")
    return value


def signed(value: Json, where: str) -> int:
    """A whole number that the index can hold."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
        raise QueryError(f"{where} must be a whole number")
    return value


def whole(value: Json, where: str) -> int:
    """A whole number from 0."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise QueryError(f"{where} must be a whole number from 0")
    return value


def number(value: Json, where: str) -> float | None:
    """A number, or nothing."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise QueryError(f"{where} must be a number")
    return value


def flag(value: Json, where: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise QueryError(f"{where} must be true or false")
    return value


def choice(value: Json, choices: tuple[str, ...], where: str) -> Any:
    """One of the choices."""
    if value not in choices:
        raise QueryError(f"{where} must be one of {', '.join(choices)}")
    return value
