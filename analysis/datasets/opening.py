"""What a person may name as a data set: a table file, a saved query, or a search filter."""

import json
from collections.abc import Sequence
from pathlib import Path

from analysis.datasets.domain import Dataset, Task
from analysis.datasets.query import query_dataset, query_decoded
from analysis.errors import BadDataset
from eln.accounts.scope import Scope
from knowledge.errors import KnowledgeError
from knowledge.query.filters import parse_filter
from knowledge.query.types import Query


def dataset_open(
    name: str,
    *,
    target: str,
    task: Task | None = None,
    ignore: Sequence[str] = (),
    inputs: bool = True,
    topic: str | None = None,
    most_rows: int = 200_000,
) -> Dataset:
    """The data set a command names. Raises LodestoneError that says what would do."""
    path = Path(name)
    if _is_file(path) and path.suffix.lower() != ".json":
        from analysis.datasets.table import table_dataset, table_read

        table = table_read(path, most_rows=most_rows)
        return table_dataset(table, target=target, task=task, ignore=ignore, inputs=inputs)
    from ingest.feeds.services import stages_drain
    from knowledge.index.services import index_ensure

    stages_drain()
    index_ensure()
    query = _query(path.read_text(encoding="utf-8") if _is_file(path) else name, topic, path)
    return query_dataset(query, target=target, scope=Scope.system(), most_rows=most_rows)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _query(text: str, topic: str | None, path: Path) -> Query:
    if text.lstrip().startswith(("{", "[")):
        try:
            return query_decoded(json.loads(text))
        except json.JSONDecodeError as error:
            raise BadDataset(f"{path.name if _is_file(path) else 'the query'} is not JSON: {error}") from error
    try:
        return Query(topic=topic, where=parse_filter(text) if text.strip() else None)
    except KnowledgeError as error:
        raise BadDataset(
            f"{text!r} is no file here and no search filter ({error.message}); name a CSV or xlsx file"
        ) from error
