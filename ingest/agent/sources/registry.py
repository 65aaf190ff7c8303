"""Which kinds of source are installed; loaded only when a configuration names them."""

from importlib.metadata import entry_points

from ingest.agent.errors import SourceError
from ingest.agent.sources.protocol import SourceType

GROUP = "lodestone.agent_sources"


def source_names() -> list[str]:
    """Names of all installed kinds, sorted."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def source_type(name: str) -> SourceType:
    """The kind of source called `name`. Raises SourceError where it is unknown or its plugin is broken."""
    for point in entry_points(group=GROUP):
        if point.name == name:
            try:
                kind: SourceType = point.load()
            except Exception as error:
                raise SourceError(f"the source plugin {name!r} cannot be loaded: {error!r}") from error
            return kind
    raise SourceError(f"no source plugin {name!r} is installed; there are: {', '.join(source_names())}")
