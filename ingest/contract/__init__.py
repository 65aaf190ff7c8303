"""The wire format between an agent and the gateway; standard library and pydantic only."""

from ingest.contract.envelope import Envelope, EnvelopeKind
from ingest.contract.frames import (
    Batch,
    BatchError,
    BatchVersionError,
    Block,
    Descriptor,
    Event,
    decode_batch,
    encode_batch,
)
from ingest.contract.versions import CONTRACT_VERSION, SUPPORTED_VERSIONS

__all__ = [
    "CONTRACT_VERSION",
    "SUPPORTED_VERSIONS",
    "Batch",
    "BatchError",
    "BatchVersionError",
    "Block",
    "Descriptor",
    "Envelope",
    "EnvelopeKind",
    "Event",
    "decode_batch",
    "encode_batch",
]
