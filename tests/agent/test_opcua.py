"""The OPC UA source against a real asyncua server: quality, units, bad nodes, a killed server, a frozen subscription."""

import asyncio
import math
import threading
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua import Server, ua
from pydantic import ValidationError

from deploy.services import free_port
from ingest.agent.errors import SourceAway
from ingest.agent.sources.opcua.params import OpcUaParams
from ingest.agent.sources.opcua.plugin import OpcUaSource
from tests.agent.memory_context import MemoryContext, collecting, eventually

START = datetime(2026, 1, 1, tzinfo=UTC)


class Furnace:
    """An OPC UA server in a thread of its own: two zones, a shutter, a mode, a name, a table."""

    def __init__(self) -> None:
        self.port = free_port()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.server: Any = None
        self.nodes: dict[str, Any] = {}
        self.at, self.running = 0, False

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}/furnace"

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def start(self, prepare: Callable[[Server], Coroutine[Any, Any, None]] | None = None) -> "Furnace":
        self.do(self._start(prepare))
        self.running = True
        return self

    async def _start(self, prepare: Any) -> None:
        self.server = Server()
        await self.server.init()
        self.server.set_endpoint(self.url)
        if prepare is not None:
            await prepare(self.server)
        space = await self.server.register_namespace("urn:furnace")
        oven = await self.server.nodes.objects.add_object(space, "Oven")
        self.nodes = {"oven": oven}
        for name, value in (("T", 20.5), ("T2", 1.0), ("open", True), ("note", "idle"), ("table", [1.0, 2.0])):
            self.nodes[name] = await oven.add_variable(ua.NodeId(name, space), name, value)
        mode = await oven.add_variable(
            ua.NodeId("mode", space), "mode", 1, datatype=ua.NodeId(ua.ObjectIds.ServerState)
        )
        self.nodes["mode"] = mode
        units = ua.EUInformation(DisplayName=ua.LocalizedText("degC"))
        self.nodes["unit"] = await self.nodes["T"].add_property(0, "EngineeringUnits", units)
        await self.nodes["T"].add_property(0, "EURange", ua.Range(Low=0.0, High=1200.0))
        await self.server.start()

    def stop(self) -> None:
        if self.running:
            self.running = False
            self.do(self.server.stop())

    def again(self) -> None:
        """The same server once more, as after a power cut: no session, no subscription."""
        if not self.running:
            self.do(self.server.start())
            self.running = True

    def reset(self) -> None:
        """As in the beginning."""
        self.again()
        for name, value in (("T", 20.5), ("T2", 1.0), ("open", True), ("note", "idle")):
            self.write(name, value)
        self.renew_unit("degC")

    def end(self) -> None:
        self.stop()
        self.do(self._quiet())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    async def _quiet(self) -> None:
        """The server leaves tasks behind."""
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for one in rest:
            one.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def write(self, name: str, value: Any, status: int = ua.StatusCodes.Good) -> int:
        """Write a value one second later than the last; its time in ns."""
        self.at += 1
        moment = START + timedelta(seconds=self.at)
        kind = ua.VariantType.Double if isinstance(value, float) else None
        data = ua.DataValue(ua.Variant(value, kind), ua.StatusCode(status), SourceTimestamp=moment)
        self.do(self.nodes[name].write_value(data))
        return int(moment.timestamp()) * 10**9

    def sent(self) -> bool:
        """Whether no subscription holds values back."""

        async def empty() -> bool:
            await asyncio.sleep(0.3)
            found = self.server.iserver.subscription_service.subscriptions.values()
            return not any(one.has_published_results() for one in found)

        return bool(self.do(empty()))

    def freeze(self) -> None:
        """Sessions go on, subscriptions send nothing any more: no data, no keep-alives."""

        async def still() -> None:
            assert self.server.iserver.subscription_service.subscriptions
            for one in self.server.iserver.subscription_service.subscriptions.values():
                one.has_published_results = lambda: False

        self.do(still())

    def renew_unit(self, text: str) -> None:
        self.do(self.nodes["unit"].write_value(ua.EUInformation(DisplayName=ua.LocalizedText(text))))


@pytest.fixture(scope="module")
def server() -> Iterator[Furnace]:
    one = Furnace().start()
    yield one
    one.end()


@pytest.fixture
def furnace(server: Furnace) -> Furnace:
    server.reset()
    return server


def a_source(url: str, **keys: Any) -> OpcUaSource:
    keys = {"publish_s": 0.1, "keepalive_s": 0.5, "timeout_s": 1.0, "retry_max_s": 0.3, "retry_bad_s": 0.5, **keys}
    return OpcUaSource("furnace", OpcUaParams.model_validate({"endpoint": url, **keys}))


def test_check_browses_and_prints_what_would_be_collected(furnace: Furnace) -> None:
    lines = a_source(furnace.url, exclude=["*/note"]).check()
    assert "Oven/T [degC], 0.0 to 1200.0 (ns=2;s=T)" in lines
    assert not any("note" in line or "ServerStatus" in line for line in lines)
    named = [{"id": "ns=2;s=T", "channel": "temperature", "unit": "K"}, {"id": "ns=2;s=nowhere"}]
    lines = a_source(furnace.url, nodes=named).check()
    assert lines[1].startswith("temperature [K]")
    assert any(line.startswith("WARNING: ns=2;s=nowhere: BadNodeIdUnknown") for line in lines)
    furnace.stop()
    with pytest.raises(SourceAway, match="opc"):
        a_source(furnace.url).check()


def test_values_keep_source_time_and_quality_is_never_silent(furnace: Furnace) -> None:
    context = MemoryContext()
    with collecting(a_source(furnace.url), context):
        eventually(lambda: context.rows("Oven/T"))
        first = furnace.write("T", 30.5)
        eventually(lambda: (first, 30.5) in context.rows("Oven/T"))
        furnace.write("T", 99.0, ua.StatusCodes.BadSensorFailure)
        eventually(lambda: context.events("quality", "Oven/T"))
        unsure = furnace.write("T", 31.5, ua.StatusCodes.UncertainLastUsableValue)
        eventually(lambda: (unsure, 31.5) in context.rows("Oven/T"))
        furnace.write("T", 32.5)
        furnace.write("T2", math.nan)
        eventually(lambda: 32.5 in context.values("Oven/T") and context.events("not_a_number", "Oven/T2"))
        furnace.write("open", False)
        furnace.write("note", "ramp")
        eventually(lambda: context.values("Oven/open") == [1.0, 0.0])
        eventually(lambda: [event.value for event in context.events("state", "Oven/note")] == ["idle", "ramp"])
    assert context.values("Oven/T") == [20.5, 30.5, 31.5, 32.5], "a bad value is no value"
    qualities = [(event.value["quality"], event.value["code"]) for event in context.events("quality", "Oven/T")]
    assert qualities == [("bad", "BadSensorFailure"), ("uncertain", "UncertainLastUsableValue"), ("good", "Good")]
    assert [event.value for event in context.events("state", "Oven/mode")] == ["Failed"], "words of the enumeration"
    assert context.events("not_collected", "Oven/table") and context.events("death")
    assert context.descriptors("Oven/open")[0].kind == "state"


def test_the_descriptor_comes_first_and_a_changed_unit_is_a_new_version(furnace: Furnace) -> None:
    context = MemoryContext()
    with collecting(a_source(furnace.url), context):
        eventually(lambda: context.rows("Oven/T"))
        furnace.renew_unit("K")
        eventually(lambda: len(context.descriptors("Oven/T")) == 2)
    first, second = context.descriptors("Oven/T")
    assert (first.unit, first.low, first.high, second.unit) == ("degC", 0.0, 1200.0, "K")
    assert second.version > first.version
    assert any(one.name == "Oven/T" for one in context.frames[0].descriptors), "before or with the first value"


def test_a_restarted_server_needs_no_restarted_agent_and_nothing_is_stored_twice(furnace: Furnace) -> None:
    context = MemoryContext()
    with collecting(a_source(furnace.url), context):
        eventually(lambda: context.rows("Oven/T"))
        furnace.write("T", 30.0)
        eventually(lambda: 30.0 in context.values("Oven/T"))
        furnace.stop()
        eventually(lambda: context.reports[-1][0] == "away")
        furnace.again()
        eventually(lambda: context.reports[-1][0] == "running")
        furnace.write("T", 40.0)
        eventually(lambda: 40.0 in context.values("Oven/T"))
    assert len(context.events("birth")) == 2 and len(context.events("gap")) == 1
    assert len(context.events("death")) == 2, "the server's, and ours at the end"
    assert len(context.rows("Oven/T")) == len(set(context.rows("Oven/T")))
    later = MemoryContext(saved=context.saved)
    with collecting(a_source(furnace.url), later):
        eventually(lambda: later.events("birth"))
        furnace.write("T", 50.0)
        eventually(lambda: later.values("Oven/T"))
    assert later.values("Oven/T") == [50.0], "the first value of the new subscription was known"


def test_a_dead_subscription_in_a_living_session_is_renewed(furnace: Furnace) -> None:
    context = MemoryContext()
    with collecting(a_source(furnace.url), context):
        eventually(lambda: context.rows("Oven/T"))
        furnace.freeze()
        furnace.write("T", 41.0)
        eventually(lambda: 41.0 in context.values("Oven/T"))
    assert any("subscription is dead" in text for state, text in context.reports if state == "away"), context.reports
    assert len(context.events("birth")) == 2


def test_while_the_spool_is_full_so_many_values_wait_and_the_others_are_counted(furnace: Furnace) -> None:
    context = MemoryContext()
    with collecting(a_source(furnace.url, max_waiting=20), context):
        eventually(lambda: context.rows("Oven/T"))
        context.hold = True
        furnace.write("T", 100.0)
        eventually(lambda: context.held)
        for at in range(60):
            furnace.write("T", 200.0 + at)
        eventually(lambda: furnace.sent(), within_s=5)
        context.hold = False
        eventually(lambda: context.events("gap"))
        furnace.write("T", 500.0)
        eventually(lambda: 500.0 in context.values("Oven/T"))
    (gap,) = context.events("gap")
    kept = [value for value in context.values("Oven/T") if 200 <= value < 300]
    assert kept == [200.0 + at for at in range(len(kept))], "the first are kept"
    assert 0 < len(kept) <= 20 and len(kept) + gap.value["lost"] == 60
    assert gap.name == context.name and gap.value["seconds"] > 0


def test_a_bad_node_stops_no_other_and_is_collected_once_it_is_there(furnace: Furnace) -> None:
    context = MemoryContext()
    nodes = [{"id": "ns=2;s=later"}, {"id": "ns=2;s=T", "channel": "T"}, {"id": "no node id"}]
    with collecting(a_source(furnace.url, nodes=nodes), context):
        eventually(lambda: context.rows("T"))
        assert {event.name for event in context.events("bad_node")} == {"ns=2;s=later", "no node id"}
        assert "BadNodeIdUnknown" in context.reports[-1][1]
        furnace.do(furnace.nodes["oven"].add_variable(ua.NodeId("later", 2), "later", 7.0))
        eventually(lambda: context.values("later") == [7.0])


def test_an_encrypted_connection_with_user_and_password(tmp_path: Path) -> None:
    from asyncua.crypto.cert_gen import setup_self_signed_certificate
    from asyncua.crypto.permission_rules import User, UserRole
    from cryptography.x509.oid import ExtendedKeyUsageOID

    async def certificate(name: str, use: Any) -> None:
        await setup_self_signed_certificate(
            tmp_path / f"{name}.pem",
            tmp_path / f"{name}.der",
            f"urn:lodestone:{name}",
            "localhost",
            [use],
            {"commonName": name},
        )

    class Users:
        def get_user(self, iserver: Any, username: Any = None, password: Any = None, certificate: Any = None) -> Any:
            return User(role=UserRole.User) if (username, password) == ("lodestone", "wordpass") else None

    async def prepare(server: Server) -> None:
        await certificate("server", ExtendedKeyUsageOID.SERVER_AUTH)
        await certificate("agent", ExtendedKeyUsageOID.CLIENT_AUTH)
        server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
        await server.load_certificate(str(tmp_path / "server.der"))
        await server.load_private_key(str(tmp_path / "server.pem"))
        server.iserver.user_manager = Users()

    (tmp_path / "secret").write_text("wordpass\n")
    furnace = Furnace().start(prepare)
    try:
        keys = {
            "security_policy": "Basic256Sha256",
            "security_mode": "SignAndEncrypt",
            "certificate": str(tmp_path / "agent.der"),
            "private_key": str(tmp_path / "agent.pem"),
            "username": "lodestone",
        }
        assert len(a_source(furnace.url, password_file=str(tmp_path / "secret"), **keys).check()) > 3
        (tmp_path / "secret").write_text("wrong\n")
        with pytest.raises(SourceAway):
            a_source(furnace.url, password_file=str(tmp_path / "secret"), **keys).check()
    finally:
        furnace.end()


def test_half_a_security_is_refused() -> None:
    with pytest.raises(ValidationError, match="security_mode"):
        OpcUaParams(endpoint="opc.tcp://x:4840", security_policy="Basic256Sha256")
    with pytest.raises(ValidationError, match="certificate"):
        OpcUaParams(endpoint="opc.tcp://x:4840", security_policy="Basic256Sha256", security_mode="Sign")
