"""All tables of knowledge in one place, for Django and for the newcomer."""

from knowledge.access.models import ApiKey, Deed
from knowledge.exports.models import Export
from knowledge.federation.models import FederatedSearch, Found, Part, Provider
from knowledge.geometry.models import Geometry
from knowledge.graph.models import GraphEdge, GraphNode
from knowledge.imports.models import Import
from knowledge.materials.models import SavedSearch
from knowledge.proposals.models import Proposal
from knowledge.quality.models import Finding, QualityRun
from knowledge.records.models import Dataset, DatasetVersion, Kind, Record, RecordVersion
from knowledge.topics.models import TopicDocument
from knowledge.webhooks.models import Delivery, Told, Webhook
from knowledge.wizard.models import TableImport

__all__ = [
    "ApiKey",
    "Dataset",
    "DatasetVersion",
    "Deed",
    "Delivery",
    "Export",
    "FederatedSearch",
    "Finding",
    "Found",
    "Geometry",
    "GraphEdge",
    "GraphNode",
    "Import",
    "Kind",
    "Part",
    "Proposal",
    "Provider",
    "QualityRun",
    "Record",
    "RecordVersion",
    "SavedSearch",
    "TableImport",
    "Told",
    "TopicDocument",
    "Webhook",
]
