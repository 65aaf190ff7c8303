"""Errors of knowledge.

KnowledgeError
└── QueryError              a question to the records that cannot be asked this way
    └── FilterError         filter text that does not parse; details.position is where
"""

from ingest.errors import LodestoneError


class KnowledgeError(LodestoneError):
    """Root of what knowledge raises."""

    code = "knowledge_error"


class QueryError(KnowledgeError):
    """A question that cannot be asked: unknown property, wrong type of value, unit that does not fit."""

    code = "bad_query"


class FilterError(QueryError):
    """Filter text that does not parse; `details["position"]` counts characters from 0."""

    code = "bad_filter"
