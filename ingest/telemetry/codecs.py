"""How the gateway reads compressed bodies: zlib as everybody writes it, and zstd where the sender has it."""

from ingest.contract import ZLIB, Batch, BatchError, Codec, decode_batch

ZSTD_LEVEL = 1


def _zstd_pack(body: bytes) -> bytes:
    import pyarrow as pa

    packed: bytes = pa.Codec("zstd", compression_level=ZSTD_LEVEL).compress(body, asbytes=True)
    return packed


def _zstd_unpack(data: memoryview, size: int) -> bytes:
    """Exactly `size` bytes; more or fewer are an error of zstd's own."""
    import pyarrow as pa

    if not size:
        return b""
    try:
        body: bytes = pa.Codec("zstd").decompress(data, size, asbytes=True)
    except (OSError, ValueError) as error:
        raise BatchError(f"the batch body is damaged or not of the size its header promises: {error}") from error
    return body


ZSTD = Codec("zstd", _zstd_pack, _zstd_unpack)
CODECS = (ZLIB, ZSTD)


def batch_read(data: bytes) -> Batch:
    """The batch in `data`, whichever codec it uses. Raises BatchError."""
    return decode_batch(data, codecs=CODECS)
