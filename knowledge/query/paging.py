"""The order of records, and the cursor by which a page follows another without counting rows."""

import base64
import json
from dataclasses import dataclass

from django.utils.translation import gettext as _

from knowledge.errors import NotAnswered, QueryError
from knowledge.index.columns import Column
from knowledge.query import properties
from knowledge.query.sql import Parameters
from knowledge.query.types import Query, Scalar


@dataclass(frozen=True)
class Key:
    """One column of the order; absent values come last either way."""

    column: str
    cast: str
    descending: bool = False


@dataclass(frozen=True)
class Order:
    """The order of a query's records: the properties asked (else the formula), then the record's id, so that it is total."""

    keys: tuple[Key, ...]

    @property
    def natural(self) -> bool:
        """Whether it is the order in which the index keeps records: by formula, then by id."""
        return self.keys == NATURAL

    def sql(self) -> str:
        """After ORDER BY."""
        return ", ".join(f'"{key.column}" {"DESC" if key.descending else "ASC"} NULLS LAST' for key in self.keys)

    def columns(self) -> str:
        """The values of the order, as a cursor keeps them."""
        return ", ".join(f'"{key.column}"' for key in self.keys)

    def cursor(self, values: tuple[Scalar | None, ...]) -> str:
        """The place right after the record with these values of the order."""
        document = json.dumps([self.sql(), *values], separators=(",", ":"), ensure_ascii=False)
        return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")

    def behind(self, cursor: str, parameters: Parameters) -> str:
        """The condition of being behind a cursor. Raises QueryError for a cursor of another order, or none of ours."""
        values = self.read(cursor)
        tests, equal = [], ""
        for key, value in zip(self.keys, values, strict=True):
            name = f'"{key.column}"'
            if value is None:  # nothing but other absent values comes behind an absent one
                equal += f"{name} IS NULL AND "
                continue
            place = f"{parameters.put(value)}::{key.cast}"
            tests.append(f"({equal}({name} {'<' if key.descending else '>'} {place} OR {name} IS NULL))")
            equal += f"{name} = {place} AND "
        return f"coalesce({' OR '.join(tests)}, false)"

    def read(self, cursor: str) -> list[Scalar | None]:
        """The value of each key at a cursor. Raises QueryError for a cursor of another order, or none of ours."""
        try:
            document: list[Scalar | None] = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            order, *values = document
        except (ValueError, TypeError) as error:
            raise QueryError(_("This is no page mark: begin again without 'after'.")) from error
        plain = all(isinstance(value, str | int | float | None) for value in values)
        fits = plain and len(values) == len(self.keys) and all(map(_fits, self.keys, values))
        if order != self.sql() or not fits or values[-1] is None:
            raise QueryError(_("This page mark belongs to another order: begin again without 'after'."))
        return values


def _fits(key: Key, value: Scalar | None) -> bool:
    if value is None:
        return True
    if key.cast == "BOOLEAN":
        return isinstance(value, bool)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str) if key.cast == "VARCHAR" else number


NATURAL = (Key("formula", "VARCHAR"), Key("record", "VARCHAR"))
CASTS = {"number": "DOUBLE", "text": "VARCHAR", "boolean": "BOOLEAN"}


def _key(column: Column, descending: bool) -> Key:
    if column.family not in CASTS:
        raise NotAnswered(f"Records cannot be sorted by the list '{column.property}'.", property=column.property)
    return Key(column.name, CASTS[column.family], descending)


def order_of(query: Query) -> Order:
    """The order of a query. Raises QueryError for a property that there is not, or that is a list."""
    keys = [_key(properties.column_of(item.property, query.topic), item.descending) for item in query.sort]
    if not keys:
        return Order(NATURAL)
    seen = [key for at, key in enumerate(keys) if key.column not in {earlier.column for earlier in keys[:at]}]
    if not any(key.column == "record" for key in seen):
        seen.append(Key("record", "VARCHAR"))
    else:  # nothing behind the id can matter
        seen = seen[: next(at for at, key in enumerate(seen) if key.column == "record") + 1]
    return Order(tuple(seen))
