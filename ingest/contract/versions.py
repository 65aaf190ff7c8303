"""Which versions of the wire format exist, and which a gateway of this checkout accepts."""

CONTRACT_VERSION = 1
SUPPORTED_VERSIONS = (1,)
