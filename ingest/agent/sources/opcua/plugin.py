"""An OPC UA server as a source of the agent: asyncio in the source's own thread, always a new client after a fault."""

import asyncio
import logging
import time
from typing import Any, ClassVar

from pydantic import BaseModel

from ingest.agent.errors import AgentError, SourceAway, SourceError
from ingest.agent.sources.opcua.params import OpcUaParams
from ingest.agent.sources.protocol import Frames, SourceContext
from ingest.readings.gather import Gatherer

FIRST_DELAY_S = 0.5
SHOWN = 200


class OpcUaSource:
    """Subscribes to variables, found by browsing or named."""

    Params: ClassVar[type[BaseModel]] = OpcUaParams

    def __init__(self, name: str, params: OpcUaParams) -> None:
        self._name, self._params = name, params

    def check(self) -> list[str]:
        """What would be collected. Raises SourceError."""
        _library()
        return asyncio.run(self._look())

    def run(self, context: SourceContext) -> None:
        """Collect until told to stop."""
        _library()
        asyncio.run(Collector(self._params, context).run())

    async def _look(self) -> list[str]:
        from ingest.agent.sources.opcua.discovery import discover, reason_of
        from ingest.agent.sources.opcua.session import client_close, client_open

        try:
            client = await client_open(self._params)
            try:
                discovery = await discover(client, self._params)
            finally:
                await client_close(client)
        except AgentError:
            raise
        except Exception as error:
            raise SourceAway(f"{self._params.endpoint}: {reason_of(error)}") from error
        lines = [f"{self._params.endpoint}: {len(discovery.found)} variables"]
        for one in discovery.found[:SHOWN]:
            span = "" if one.low is None and one.high is None else f", {one.low} to {one.high}"
            lines.append(f"{one.channel} [{one.unit or '-'}]{span} ({one.node.nodeid.to_string()})")
        if len(discovery.found) > SHOWN:
            lines.append(f"... and {len(discovery.found) - SHOWN} more")
        return lines + [f"WARNING: {number}: {reason}" for number, reason in discovery.bad.items()]


class Collector:
    """What lasts from one client to the next."""

    def __init__(self, params: OpcUaParams, context: SourceContext) -> None:
        from ingest.agent.sources.opcua.values import Intake

        saved = context.checkpoints()
        self._params, self._context = params, context
        self._gatherer = Gatherer(saved.get("channels"), limit=params.max_waiting, source=context.name)
        last = {key.removeprefix("last:"): value for key, value in saved.items() if key.startswith("last:")}
        self._intake = Intake(self._gatherer, last)
        self._heard_until: int | None = None  # when the last client ended

    async def run(self) -> None:
        """Connect, collect, connect again."""
        delay = FIRST_DELAY_S
        while not self._context.wait(0):
            began = time.monotonic()
            try:
                await self._once()
            except AgentError:
                raise
            except Exception as error:
                await self._lost(_text(error))
                delay = FIRST_DELAY_S if time.monotonic() - began > 20 * FIRST_DELAY_S else delay
                if await asyncio.to_thread(self._context.wait, delay):
                    return
                delay = min(delay * 2, self._params.retry_max_s)

    async def _once(self) -> None:
        from ingest.agent.sources.opcua.session import Session, client_close, client_open

        client = await client_open(self._params)
        try:
            session = Session(client, self._params, self._gatherer, self._intake)
            await session.begin()
            self._born(session.discovery.found, session.discovery.bad)
            await session.live(self._hand_over, lambda: self._context.wait(0))
            self._gatherer.event(time.time_ns(), "death", self._context.name, "stopped on purpose")
            await self._hand_over()
        finally:
            await client_close(client)

    def _born(self, found: list[Any], bad: dict[str, str]) -> None:
        now = time.time_ns()
        if self._heard_until is not None:
            value = {"seconds": (now - self._heard_until) / 1e9}
            self._gatherer.event(self._heard_until, "gap", self._context.name, value)
            self._heard_until = None
        self._gatherer.event(now, "birth", self._context.name, {"variables": len(found), "bad": len(bad)})
        self._context.report("running", "; ".join(f"{number}: {reason}" for number, reason in list(bad.items())[:3]))

    async def _lost(self, why: str) -> None:
        """Say it once: a server that stays away is the state `away`, not an event at each try."""
        if self._heard_until is None:
            self._heard_until = time.time_ns()
            self._gatherer.event(self._heard_until, "death", self._context.name, why)
        await self._hand_over()
        self._context.report("away", f"{self._params.endpoint}: {why}")

    async def _hand_over(self) -> None:
        """Commit in another thread: asyncua must go on while the spool is full."""
        if not self._gatherer.count and not self._gatherer.changed:
            return
        checkpoints: dict[str, dict[str, Any]] = {}
        if self._gatherer.changed:
            checkpoints["channels"] = self._gatherer.known()
        touched, self._intake.touched = self._intake.touched, set()
        checkpoints |= {f"last:{name}": dict(self._intake.last[name]) for name in touched}
        found = self._gatherer.take()
        frames = Frames(found.blocks, found.events, found.descriptors)
        await asyncio.to_thread(self._context.commit, frames, checkpoints=checkpoints)


def _library() -> None:
    try:
        import asyncua  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise SourceError("asyncua is not installed: python -m pip install 'lodestone-agent[opcua]'") from error
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # every lost connection is said by us, in one line


def _text(error: Exception) -> str:
    from ingest.agent.sources.opcua.discovery import reason_of
    from ingest.agent.sources.opcua.session import Lost

    return str(error) if isinstance(error, Lost) else reason_of(error)
