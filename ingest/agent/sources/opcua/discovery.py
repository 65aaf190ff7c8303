"""Which variables there are, and what each one is: by browsing, or by their node ids; one that is bad stops no other."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from asyncua import Client, Node, ua

from ingest.agent.sources.opcua.params import OpcUaParams, Variable

DEPTH = 16
TOGETHER = 20  # requests on their way at once
AWAY = (ConnectionError, TimeoutError, asyncio.TimeoutError)
T = TypeVar("T")


@dataclass
class Found:
    """One variable and what its properties say."""

    node: Node
    channel: str
    path: str
    unit: str | None = None
    quantity: str | None = None
    low: float | None = None
    high: float | None = None
    is_state: bool = False
    words: dict[int, str] | None = None  # of an enumeration
    unit_node: Node | None = None
    range_node: Node | None = None
    fixed: frozenset[str] = frozenset()  # what the configuration says, whatever the server says

    def said(self) -> dict[str, Any]:
        """What describes the channel."""
        kind = "state" if self.is_state else "analog"
        return {"unit": self.unit, "quantity": self.quantity, "low": self.low, "high": self.high, "kind": kind}

    def unit_is(self, value: object) -> None:
        """The property EngineeringUnits, now."""
        if "unit" not in self.fixed and isinstance(value, ua.EUInformation):
            text = (value.DisplayName.Text or "").strip() if value.DisplayName else ""
            self.unit = text[:60] or None

    def range_is(self, value: object) -> None:
        """The property EURange, now."""
        if isinstance(value, ua.Range) and value.High > value.Low:
            self.low = self.low if "low" in self.fixed else float(value.Low)
            self.high = self.high if "high" in self.fixed else float(value.High)


@dataclass
class Discovery:
    """What was found, and why some were not."""

    found: list[Found] = field(default_factory=list)
    bad: dict[str, str] = field(default_factory=dict)  # node id -> reason


async def discover(client: Client, params: OpcUaParams) -> Discovery:
    """All variables to collect, described, each with a name of its own."""
    result = Discovery()
    if params.nodes:
        await _together(_explicit(client, one, result) for one in params.nodes)
        order = {one.id: at for at, one in enumerate(params.nodes)}
        result.found.sort(key=lambda one: order.get(one.path, 0))
    else:
        await _browse(client.get_node(params.browse_from), "", params, result, set(), 0)
    if len(result.found) > params.max_nodes:
        result.bad["max_nodes"] = (
            f"{len(result.found)} variables, only {params.max_nodes} are collected: name include patterns"
        )
        del result.found[params.max_nodes :]
    await _together(_describe(one, result) for one in result.found)
    result.found = [one for one in result.found if one.node.nodeid.to_string() not in result.bad]
    names = Counter(one.channel for one in result.found)
    for one in result.found:
        if names[one.channel] > 1:  # the same display name twice: the paths differ
            one.channel = one.path
    return result


async def _explicit(client: Client, wanted: Variable, result: Discovery) -> None:
    try:
        node = client.get_node(wanted.id)
        name = wanted.channel or str((await node.read_display_name()).Text or wanted.id)
    except AWAY:
        raise
    except Exception as error:  # asyncua raises ua errors, ValueError and others for a wrong id
        result.bad[wanted.id] = reason_of(error)
        return
    said = wanted.model_dump(include={"unit", "quantity", "low", "high"}, exclude_none=True)
    result.found.append(Found(node, name, wanted.id, fixed=frozenset(said), **said))


async def _browse(node: Node, path: str, params: OpcUaParams, result: Discovery, seen: set[str], depth: int) -> None:
    if depth > DEPTH or len(result.found) > params.max_nodes:
        return
    try:
        below = await node.get_children_descriptions(
            refs=ua.ObjectIds.HierarchicalReferences, nodeclassmask=ua.NodeClass.Object | ua.NodeClass.Variable
        )
    except AWAY:
        raise
    except Exception as error:
        result.bad[node.nodeid.to_string()] = reason_of(error)
        return
    for one in below:
        number = one.NodeId.to_string()
        is_property = one.ReferenceTypeId.Identifier == ua.ObjectIds.HasProperty
        if number in seen or is_property or (one.NodeId.NamespaceIndex == 0 and one.NodeClass == ua.NodeClass.Object):
            continue  # the server's own diagnostics are not the machine's
        seen.add(number)
        name = f"{path}/{one.BrowseName.Name}".lstrip("/")
        child = Node(node.session, one.NodeId)
        if one.NodeClass == ua.NodeClass.Variable and one.NodeId.NamespaceIndex != 0 and params.wanted(name):
            result.found.append(Found(child, name, name))
        await _browse(child, name, params, result, seen, depth + 1)


async def _describe(one: Found, result: Discovery) -> None:
    """Read the properties; a variable without them has no unit, one that cannot be looked at is bad."""
    try:
        kinds = await one.node.read_data_type_as_variant_type()
        one.is_state = kinds == ua.VariantType.Boolean
        properties = await one.node.get_children_descriptions(refs=ua.ObjectIds.HasProperty)
        named = {text.BrowseName.Name: Node(one.node.session, text.NodeId) for text in properties}
        one.unit_node, one.range_node = named.get("EngineeringUnits"), named.get("EURange")
        if one.unit_node is not None:
            one.unit_is(await one.unit_node.read_value())
        if one.range_node is not None:
            one.range_is(await one.range_node.read_value())
        one.words = await _words(one.node, named)
    except AWAY:
        raise
    except Exception as error:
        result.bad[one.node.nodeid.to_string()] = reason_of(error)


async def _words(node: Node, named: dict[str, Node]) -> dict[int, str] | None:
    """What the numbers of an enumeration or of a multi-state variable mean."""
    place = named.get("EnumStrings") or named.get("EnumValues")
    if place is None:
        kind = Node(node.session, await node.read_data_type())
        if kind.nodeid.NamespaceIndex == 0 and isinstance(kind.nodeid.Identifier, int) and kind.nodeid.Identifier <= 28:
            return None  # a plain number
        for one in await kind.get_children_descriptions(refs=ua.ObjectIds.HasProperty):
            if one.BrowseName.Name in ("EnumStrings", "EnumValues"):
                place = Node(node.session, one.NodeId)
    if place is None:
        return None
    value = await place.read_value()
    if value and isinstance(value[0], ua.EnumValueType):
        return {int(one.Value): one.DisplayName.Text or str(one.Value) for one in value}
    return {at: text.Text or str(at) for at, text in enumerate(value or [])}


def reason_of(error: Exception) -> str:
    """An error of asyncua in a line."""
    return f"{type(error).__name__}: {error}".strip().rstrip(":")[:300]


async def _together(many: Iterable[Awaitable[T]]) -> None:
    gate = asyncio.Semaphore(TOGETHER)

    async def one(work: Awaitable[T]) -> None:
        async with gate:
            await work

    await asyncio.gather(*(one(work) for work in many))
