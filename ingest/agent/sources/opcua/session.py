"""One connection, from a new client to its end: subscribe, watch that the subscription lives, hand over what came."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from asyncua import Client, Node, ua
from asyncua.common.subscription import DataChangeNotif, Subscription
from asyncua.crypto import security_policies

from ingest.agent.sources.opcua.discovery import Discovery, Found, discover, reason_of
from ingest.agent.sources.opcua.params import OpcUaParams
from ingest.agent.sources.opcua.values import Intake
from ingest.readings.gather import Gatherer

STEP_S = 0.1
CHUNK = 500  # items in one request
CLOCK = ua.NodeId(ua.ObjectIds.Server_ServerStatus_CurrentTime)


class Lost(Exception):
    """The connection or the subscription is dead; a new client is needed."""


async def client_open(params: OpcUaParams) -> Client:
    """A new client, connected. Raises what asyncua raises, SourceError."""
    client = Client(params.endpoint, timeout=params.timeout_s, watchdog_intervall=min(params.keepalive_s, 5.0))
    client.application_uri = params.application_uri
    client._stale_check_margin = math.inf  # its own renewal would hide the gap; ours makes a new client and says so
    if params.security_policy != "None":
        await client.set_security(
            getattr(security_policies, f"SecurityPolicy{params.security_policy}"),
            certificate=str(params.certificate),
            private_key=str(params.private_key),
            server_certificate=None if params.server_certificate is None else str(params.server_certificate),
            mode=getattr(ua.MessageSecurityMode, params.security_mode),
        )
    if params.username is not None:
        client.set_user(params.username)
        client.set_password(params.password() or "")
    await client.connect()
    return client


async def client_close(client: Client) -> None:
    """Leave; a server that does not answer is left all the same."""
    with suppress(Exception):  # whatever it is, the client is thrown away
        await asyncio.wait_for(client.disconnect(), 3)


class Session:
    """What lasts as long as one client."""

    def __init__(self, client: Client, params: OpcUaParams, gatherer: Gatherer, intake: Intake) -> None:
        self._client, self._params, self._gatherer, self._intake = client, params, gatherer, intake
        self._by_node: dict[ua.NodeId, Callable[[ua.DataValue], None]] = {}
        self._beat: float | None = None  # when the server's clock last came through the subscription
        self._lost = ""
        self._subscription: Subscription | None = None
        self.discovery = Discovery()

    async def begin(self) -> None:
        """Find the variables, say what they are, subscribe."""
        self._client.connection_lost_callback = self._connection_lost
        self.discovery = await discover(self._client, self._params)
        for one in self.discovery.found:
            self._describe(one)
        period = self._params.publish_s
        wanted = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=period * 1000,
            RequestedLifetimeCount=max(60, round(60 * self._params.keepalive_s / period)),
            RequestedMaxKeepAliveCount=max(1, round(self._params.keepalive_s / period)),
            MaxNotificationsPerPublish=10_000,
            PublishingEnabled=True,
        )
        self._subscription = await self._client.create_subscription(wanted, self)
        self._by_node[CLOCK] = self._heard
        with suppress(ua.uaerrors.UaError):
            await self._subscription._subscribe([self._client.get_node(CLOCK)], sampling_interval=1000.0)
        await self._subscribe(self.discovery.found)
        self._say_bad()

    async def _subscribe(self, found: list[Found]) -> None:
        """Values first, then the properties that may change what a channel is."""
        takers: list[tuple[Node, Callable[[ua.DataValue], None], Found | None]] = []
        for one in found:
            takers.append((one.node, lambda data, one=one: self._intake.take(one, data), one))  # type: ignore[misc]
            if one.unit_node is not None:
                takers.append((one.unit_node, lambda data, one=one: self._changed(one, one.unit_is, data), None))  # type: ignore[misc]
            if one.range_node is not None:
                takers.append((one.range_node, lambda data, one=one: self._changed(one, one.range_is, data), None))  # type: ignore[misc]
        sampling = -1.0 if self._params.sampling_s is None else self._params.sampling_s * 1000
        for at in range(0, len(takers), CHUNK):
            some = takers[at : at + CHUNK]
            self._by_node.update((node.nodeid, taker) for node, taker, _ in some)
            assert self._subscription is not None  # noqa: S101 - made by `begin`
            answers = await self._subscription._subscribe(
                [node for node, _, _ in some], queuesize=self._params.queue_size, sampling_interval=sampling
            )
            for (node, _, value_of), answer in zip(some, answers, strict=True):
                if isinstance(answer, ua.StatusCode) and value_of is not None:
                    self.discovery.bad[node.nodeid.to_string()] = answer.name

    def _describe(self, one: Found, at: int | None = None) -> None:
        self._gatherer.describe(one.channel, time_ns=at or time.time_ns(), **one.said())

    def _changed(self, one: Found, set_it: Callable[[object], None], data: ua.DataValue) -> None:
        if data.Value is not None and (data.StatusCode is None or data.StatusCode.is_good()):
            set_it(data.Value.Value)
            self._describe(one)

    def _say_bad(self) -> None:
        for number, reason in self.discovery.bad.items():
            self._gatherer.fault("bad_node", number, time.time_ns(), reason)

    async def _connection_lost(self, error: Exception) -> None:
        self._lost = f"the connection is lost ({reason_of(error)})"

    def _heard(self, data: ua.DataValue) -> None:
        self._beat = time.monotonic()

    def datachange_notification(self, node: Node, value: Any, data: DataChangeNotif) -> None:  # Any: asyncua's
        """Called by asyncua."""
        taker = self._by_node.get(node.nodeid)
        if taker is None or data.monitored_item.Value is None:
            return
        try:
            taker(data.monitored_item.Value)
        except Exception as error:  # one value that we cannot read must neither pass in silence nor stop the others
            self._gatherer.fault("not_collected", node.nodeid.to_string(), time.time_ns(), reason_of(error))

    def status_change_notification(self, status: ua.StatusChangeNotification) -> None:
        """Called by asyncua: the server gave the subscription up."""
        self._lost = f"the server ended the subscription ({status.Status.name})"

    async def live(self, hand_over: Callable[[], Awaitable[None]], stopping: Callable[[], bool]) -> None:
        """Until told to stop. Raises Lost."""
        again = began = time.monotonic()
        handed = 0.0
        while not stopping():
            await asyncio.sleep(STEP_S)
            now = time.monotonic()
            if self._lost or (why := self._dead(now, began)):
                raise Lost(self._lost or why)
            if now - handed >= self._params.publish_s:
                await hand_over()
                handed = time.monotonic()
            if self.discovery.bad and now - again > self._params.retry_bad_s:
                again = now
                raise_again = await self._retry_bad()
                if raise_again:
                    raise Lost("variables that were refused are there now")

    def _dead(self, now: float, began: float) -> str:
        """Why the subscription cannot be alive: neither data nor keep-alives, or the server's clock stands still."""
        patience = 2 * self._params.keepalive_s + self._params.timeout_s
        published = self._subscription.last_publish_at if self._subscription is not None else None
        if now - (published or began) > patience:
            return f"the session answers, the subscription is dead: nothing came for {patience:.0f} s"
        if self._beat is not None and now - self._beat > patience + 2:
            return f"the subscription is stuck: the server's clock stood still for {patience + 2:.0f} s"
        return ""

    async def _retry_bad(self) -> bool:
        """Look again for what the server refused; whether something came back (browsing is done by a new session)."""
        for number in list(self.discovery.bad):
            with suppress(Exception):  # still bad, or no node id
                await self._client.get_node(number).read_data_value()
                return True
        self._say_bad()
        return False
