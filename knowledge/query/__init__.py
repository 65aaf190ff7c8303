"""One Query, one executor, Evidence."""

from knowledge.query.types import (
    Aggregate,
    And,
    Compare,
    Evidence,
    Filter,
    HasElements,
    Not,
    Or,
    Query,
    Row,
    Sort,
    Stated,
    Words,
)

__all__ = [
    "Aggregate",
    "And",
    "Compare",
    "Evidence",
    "Filter",
    "HasElements",
    "Not",
    "Or",
    "Query",
    "Row",
    "Sort",
    "Stated",
    "Words",
]
