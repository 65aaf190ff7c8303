"""A simulated machine as a source of the agent."""

from typing import ClassVar

from pydantic import BaseModel

from ingest.agent.sources.protocol import SourceContext
from ingest.agent.sources.simulated.params import SimulatedParams
from ingest.agent.sources.simulated.stream import Stream


class SimulatedSource:
    """Streams the machine; after a restart it goes on with the very next row."""

    Params: ClassVar[type[BaseModel]] = SimulatedParams

    def __init__(self, name: str, params: SimulatedParams) -> None:
        self._name, self._params = name, params

    def check(self) -> list[str]:
        """What it would stream."""
        params = self._params
        recipes = ", ".join(recipe["title"] for recipe in params.description.recipes)
        lines = [
            f"{params.description.data['title']}: {len(params.description.channels)} channels at {params.rate_hz:g} rows/s, "
            f"{len(params.faults)} faults",
            f"a run takes {params.length_s / params.time_factor:.0f} s: {recipes}",
        ]
        return lines if params.folder is None else [*lines, f"data files grow in {params.folder}"]

    def run(self, context: SourceContext) -> None:
        """Stream until told to stop, or until `rows` are made."""
        stream = Stream(self._params, context)
        stream.begin()
        while not stream.finished():
            if context.wait(stream.due()):
                stream.end()
                return
            stream.step()
        stream.flush()
