"""Ask a Lodestone from Python. Needs httpx and nothing else of Lodestone.

from lodestone.client import Client          # in a checkout: from knowledge.client import Client

with Client("https://lodestone.example.org", key="ldk_...") as lab:
    for record in lab.search('elements HAS ALL "Bi","Se" AND band_gap > 0.2', topic="topological_materials"):
        print(record.formula, record.number("band_gap"))
"""

from .answers import Dataset, Histogram, Material, Record, Topic, Value
from .client import Client
from .errors import (
    ApiError,
    ChecksumMismatch,
    ClientError,
    ExportFailed,
    NotAllowed,
    NotFound,
    TooManyRequests,
    Unreachable,
)
from .exports import Export
from .signatures import message_verified

__all__ = [
    "ApiError",
    "ChecksumMismatch",
    "Client",
    "ClientError",
    "Dataset",
    "Export",
    "ExportFailed",
    "Histogram",
    "Material",
    "NotAllowed",
    "NotFound",
    "Record",
    "TooManyRequests",
    "Topic",
    "Unreachable",
    "Value",
    "message_verified",
]
