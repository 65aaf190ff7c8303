"""One connection to a broker with a session that the broker keeps: a message is acknowledged when its taker has stored it.

Driven by the caller's thread. After any error the object is thrown away and a new one made; what was not acknowledged comes again.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from ingest.mqtt.broker import Broker
from ingest.mqtt.reader import Message


class BrokerAway(Exception):
    """The broker cannot be reached, or refuses; the message says why and what to do."""


class LibraryAbsent(Exception):
    """paho-mqtt is not installed."""


class Session:
    """Open it, `poll` it, say `done`, close it."""

    def __init__(self, broker: Broker, client_id: str) -> None:
        try:
            import paho.mqtt.client as paho
        except ImportError as error:
            raise LibraryAbsent("paho-mqtt is not installed: python -m pip install 'lodestone-agent[mqtt]'") from error
        self._paho, self._broker = paho, broker
        five = broker.protocol == "5"
        self._client = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if five else False,
            protocol=paho.MQTTv5 if five else paho.MQTTv311,
            manual_ack=True,
        )
        self._client.connect_timeout = broker.timeout_s
        self._client.on_connect, self._client.on_message = self._connected, self._arrived
        self._client.on_subscribe = self._subscribed
        self._waiting: list[Message] = []
        self._answer: Any = None  # paho's reason code
        self._granted: list[Any] | None = None  # paho's reason codes
        self.resumed = False  # the broker kept our session

    def open(self, filters: Sequence[tuple[str, int]]) -> None:
        """Connect and subscribe. Raises BrokerAway."""
        where = "{}:{}".format(*self._broker.address)
        try:
            self._connect()
        except (OSError, ValueError) as error:
            raise BrokerAway(f"the broker {where} cannot be reached ({error}); it is tried again") from error
        self._until(lambda: self._answer is not None, f"the broker {where} does not answer")
        if self._answer.is_failure:
            hint = '; try protocol = "3.1.1"' if "protocol" in str(self._answer).lower() else ""
            raise BrokerAway(f"the broker {where} refuses us: {self._answer}{hint}")
        self._client.subscribe([(one, self._wanted(qos)) for one, qos in filters])
        self._until(lambda: self._granted is not None, f"the broker {where} does not answer to our subscription")
        refused = [topic for (topic, _), code in zip(filters, self._granted or (), strict=False) if code.is_failure]
        if refused:
            raise BrokerAway(
                f"the broker {where} does not let us read {', '.join(refused)}; give the user the right to"
            )

    def _wanted(self, qos: int) -> Any:  # Any: paho's options of MQTT 5, a number before
        if self._broker.protocol != "5":
            return qos
        from paho.mqtt.subscribeoptions import SubscribeOptions

        return SubscribeOptions(qos=qos, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)

    def _connect(self) -> None:
        client, broker = self._client, self._broker
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password())
        if broker.tls:
            client.tls_set_context(broker.tls_context())
        host, port = broker.address
        if broker.protocol == "5":
            from paho.mqtt.packettypes import PacketTypes
            from paho.mqtt.properties import Properties

            kept = Properties(PacketTypes.CONNECT)
            kept.SessionExpiryInterval = broker.session_s
            client.connect(host, port, broker.keepalive_s, clean_start=False, properties=kept)
        else:
            client.connect(host, port, broker.keepalive_s)

    def poll(self, seconds: float) -> list[Message]:
        """Messages that came, waiting for the first at most so long. Raises BrokerAway when the connection is lost."""
        if not self._waiting:
            self._loop(seconds)
        found, self._waiting = self._waiting, []
        return found

    def done(self, messages: Iterable[Message]) -> None:
        """They are stored: the broker may forget them."""
        for message in messages:
            if message.qos:
                self._client.ack(message.mid, message.qos)

    def publish(self, topic: str, payload: bytes) -> None:
        """Say something, once, at most."""
        self._client.publish(topic, payload, qos=0)

    def close(self) -> None:
        """Leave; the broker keeps our session."""
        self._client.disconnect()
        for _ in range(3):
            if self._client.loop(0.05) != self._paho.MQTT_ERR_SUCCESS:
                break

    def _loop(self, seconds: float) -> None:
        code = self._client.loop(seconds)
        if code != self._paho.MQTT_ERR_SUCCESS:
            raise BrokerAway(f"the connection to the broker is lost ({self._paho.error_string(code)}); it is made anew")

    def _until(self, claim: Any, what: str) -> None:  # Any: a predicate
        deadline = time.monotonic() + self._broker.timeout_s
        while not claim():
            if time.monotonic() > deadline:
                raise BrokerAway(what)
            try:
                self._loop(0.1)
            except BrokerAway:
                if not claim():  # a broker that refuses hangs up behind its answer
                    raise

    def _connected(
        self, client: Any, data: Any, flags: Any, reason: Any, properties: Any
    ) -> None:  # Any: paho's callbacks
        self.resumed, self._answer = bool(flags.session_present), reason

    def _subscribed(
        self, client: Any, data: Any, mid: int, reasons: list[Any], properties: Any
    ) -> None:  # Any: as above
        self._granted = reasons

    def _arrived(self, client: Any, data: Any, one: Any) -> None:  # Any: as above
        topic = one._topic.decode("utf-8", "replace")  # its property raises on what is no UTF-8
        self._waiting.append(
            Message(topic, bytes(one.payload), one.qos, one.retain, one.dup, one.mid, arrived=time.time_ns())
        )
