"""All tables of knowledge in one place, for Django and for the newcomer."""

from knowledge.api.models import ApiToken
from knowledge.graph.models import GraphEdge, GraphNode
from knowledge.imports.models import Import
from knowledge.records.models import Dataset, Kind, Record, RecordVersion
from knowledge.topics.models import TopicDocument

__all__ = [
    "ApiToken",
    "Dataset",
    "GraphEdge",
    "GraphNode",
    "Import",
    "Kind",
    "Record",
    "RecordVersion",
    "TopicDocument",
]
