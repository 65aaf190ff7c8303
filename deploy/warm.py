"""What the first plot and the first search of a process would otherwise wait for, loaded beside the first pages."""

import logging
import threading

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
