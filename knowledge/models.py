"""All tables of knowledge in one place, for Django and for the newcomer."""

from knowledge.access.models import ApiKey, Deed
from knowledge.exports.models import Export
from knowledge.graph.models import GraphEdge, GraphNode
from knowledge.imports.models import Import
from knowledge.materials.models import SavedSearch
from knowledge.records.models import Dataset, Kind, Record, RecordVersion
from knowledge.topics.models import TopicDocument

__all__ = [
    "ApiKey",
    "Dataset",
    "Deed",
    "Export",
    "GraphEdge",
    "GraphNode",
    "Import",
    "Kind",
    "Record",
    "RecordVersion",
    "SavedSearch",
    "TopicDocument",
]
