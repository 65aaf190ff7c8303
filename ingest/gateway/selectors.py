"""What can be read of the gateway: where a receipt's bytes are, how the agents are."""

from pathlib import Path

from ingest.blobs.services import blob_path
from ingest.gateway.models import Receipt
from ingest.home import home


def tail_path(receipt_id: str) -> Path:
    """Where the bytes of a growing log lie until it is closed."""
    return home() / "uploads" / f"{receipt_id}.tail"


def receipt_path(receipt: Receipt) -> Path:
    """The bytes of a receipt; of a growing one those that have arrived. Raises BlobMissing."""
    if receipt.state == Receipt.State.GROWING:
        return tail_path(receipt.pk)
    return blob_path(receipt.sha256)
