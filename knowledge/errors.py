"""Errors of knowledge.

KnowledgeError
└── QueryError              a question to the records that cannot be asked this way
    ├── UnknownProperty     it names a property that there is not; details.near are similar names
    ├── NotAnswered         it is understood, and no store answers it: a value of another type, a form left out
    └── FilterError         filter text that does not parse; details.position is where
        └── FilterNotAnswered   text that reads, and asks what no store answers
"""

from ingest.errors import LodestoneError


class KnowledgeError(LodestoneError):
    """Root of what knowledge raises."""

    code = "knowledge_error"


class QueryError(KnowledgeError):
    """A question that cannot be asked: unknown property, wrong type of value, unit that does not fit."""

    code = "bad_query"


class UnknownProperty(QueryError):
    """A property that the topic does not have."""


class NotAnswered(QueryError):
    """Understood and not answered: a comparison that the type of the property does not have."""


class FilterError(QueryError):
    """Filter text that does not parse; `details["position"]` counts characters from 0."""

    code = "bad_filter"


class FilterNotAnswered(FilterError, NotAnswered):
    """Filter text that reads, and asks what no store answers."""
