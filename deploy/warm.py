"""What the first plot and the first search of a process would otherwise wait for, loaded beside the first pages."""

import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any

Application = Callable[..., Awaitable[None]]

PAUSE_S = 1.0  # the first page comes first


def _load() -> None:
    """pyarrow loads pandas with its first array of numpy's, and DuckDB itself with its first use: about a second in all."""
    try:
        import duckdb
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute
        import pyarrow.parquet

        pa.array(np.zeros(1))
        duckdb.connect(":memory:").close()
    except ImportError:  # whoever needs it will say so
        logging.getLogger(__name__).exception("a library of the stores cannot be loaded")


def libraries_load() -> threading.Thread:
    """Start loading in the background, a moment from now; the thread that does it."""
    loading = threading.Timer(PAUSE_S, _load)
    loading.daemon = True
    loading.start()
    return loading


class Warming:
    """An ASGI application before `site` that starts loading when the server first calls it; importing it loads nothing."""

    def __init__(self, site: Application) -> None:
        self._site = site
        self._loading = False

    async def __call__(self, *call: Any) -> None:  # Any: scope, receive and send of ASGI
        """Pass the call on."""
        if not self._loading:
            self._loading = True
            libraries_load()
        await self._site(*call)
