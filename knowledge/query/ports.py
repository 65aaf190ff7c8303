"""What answers queries: the columnar index, and whatever else is compiled to."""

from typing import Protocol

from eln.accounts.scope import Scope
from knowledge.query.types import Evidence, Query


class Store(Protocol):
    """Answers a query within the reader's rights; every store gives the same Evidence but for `elapsed_ms` and page marks."""

    def __call__(self, query: Query, *, scope: Scope) -> Evidence:
        """Raises QueryError where the query cannot be asked this way."""
        ...
