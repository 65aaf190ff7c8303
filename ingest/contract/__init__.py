"""The wire format between an agent and the gateway; standard library and pydantic only."""

from ingest.contract.envelope import Envelope, EnvelopeKind
from ingest.contract.frames import (
    ZLIB,
    Batch,
    BatchError,
    BatchVersionError,
    Block,
    Codec,
    Descriptor,
    Event,
    decode_batch,
    encode_batch,
)
from ingest.contract.versions import CONTRACT_VERSION, SUPPORTED_VERSIONS

__all__ = [
    "CONTRACT_VERSION",
    "SUPPORTED_VERSIONS",
    "ZLIB",
    "Batch",
    "BatchError",
    "BatchVersionError",
    "Block",
    "Codec",
    "Descriptor",
    "Envelope",
    "EnvelopeKind",
    "Event",
    "decode_batch",
    "encode_batch",
]
