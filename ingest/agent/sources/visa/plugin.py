"""Instruments on VISA as a source of the agent: a thread for each, one that stores what they read."""

import threading
import time
from typing import Any, ClassVar

from pydantic import BaseModel

from ingest.agent.errors import SourceError
from ingest.agent.sources.protocol import Frames, SourceContext
from ingest.agent.sources.visa.manager import manager_of
from ingest.agent.sources.visa.params import Instrument, VisaParams
from ingest.agent.sources.visa.worker import Worker, answer_read
from ingest.readings.errors import Garbled
from ingest.readings.gather import Gatherer

JOIN_S = 5.0


class VisaSource:
    """Asks instruments what was configured, as often as configured."""

    Params: ClassVar[type[BaseModel]] = VisaParams

    def __init__(self, name: str, params: VisaParams) -> None:
        self._name, self._params = name, params

    def check(self) -> list[str]:
        """Ask everything once. Raises SourceError where no instrument answers."""
        lines = [line for one in self._params.instruments for line in self._look(one)]
        if all(line.startswith("WARNING") for line in lines):
            raise SourceError("; ".join(line.removeprefix("WARNING: ") for line in lines))
        return lines

    def run(self, context: SourceContext) -> None:
        """Collect until told to stop."""
        gatherer = Gatherer(context.checkpoints().get("channels"), limit=self._params.max_waiting, source=context.name)
        now = time.time_ns()
        for query in (query for one in self._params.instruments for query in one.queries):
            gatherer.describe(
                query.channel, time_ns=now, **query.model_dump(include={"unit", "quantity", "low", "high"})
            )
        ending = threading.Event()
        manager = manager_of(self._params.backend)
        workers = [Worker(one, manager, gatherer, ending, self._params.retry_max_s) for one in self._params.instruments]
        for worker in workers:
            worker.start()
        try:
            while not context.wait(self._params.batch_s):
                _store(gatherer, context)
                _report(workers, context)
        finally:
            ending.set()
            for worker in workers:
                worker.join(JOIN_S)
        gatherer.event(time.time_ns(), "death", context.name, "stopped on purpose")
        _store(gatherer, context)

    def _look(self, one: Instrument) -> list[str]:
        manager, session = manager_of(self._params.backend), None
        try:
            session = manager.open(one)
            lines = []
            for query in one.queries:
                answer = str(session.query(query.query))
                try:
                    lines.append(
                        f"{query.channel} = {answer_read(answer, query):g} {query.unit or ''} ({answer.strip()[:60]!r})"
                    )
                except Garbled as error:
                    lines.append(f"WARNING: {query.channel}: {error}")
            return lines
        except SourceError:
            raise
        except Exception as error:  # drivers raise whatever they like
            return [f"WARNING: {one.name} ({one.resource}): {type(error).__name__}: {error}"]
        finally:
            manager.close(one, session, wedged=False, again=False)


def _store(gatherer: Gatherer, context: SourceContext) -> None:
    if not gatherer.count and not gatherer.changed:
        return
    checkpoints: dict[str, dict[str, Any]] = {"channels": gatherer.known()} if gatherer.changed else {}
    found = gatherer.take()
    context.commit(Frames(found.blocks, found.events, found.descriptors), checkpoints=checkpoints)


def _report(workers: list[Worker], context: SourceContext) -> None:
    faults = [f"{worker.name.removeprefix('visa-')}: {worker.error}" for worker in workers if worker.error]
    away = all(worker.state == "away" for worker in workers)
    context.report("away" if away else "running", "; ".join(faults[:3]))
