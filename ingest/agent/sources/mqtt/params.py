"""What can be set on the MQTT source."""

from pydantic import Field, model_validator

from ingest.mqtt.broker import Broker
from ingest.mqtt.mapping import Sparkplug, Topic


class MqttParams(Broker):
    """Keys of a source of type `mqtt`."""

    topics: tuple[Topic, ...] = Field(default=(), description="the first that fits a message reads it")
    sparkplug: tuple[Sparkplug, ...] = Field(default=(), description="edge nodes that speak Sparkplug B")
    batch_s: float = Field(
        default=0.5, gt=0, le=60, description="messages are stored together at most so long after they came"
    )
    retry_max_s: float = Field(default=60, gt=0, description="longest wait between two tries to connect")

    @model_validator(mode="after")
    def _something(self) -> "MqttParams":
        if not self.topics and not self.sparkplug:
            raise ValueError("topics: name at least one [[sources.topics]] or [[sources.sparkplug]]")
        return self

    @property
    def filters(self) -> list[tuple[str, int]]:
        """What to subscribe to, with the quality of service."""
        return [(one.topic, int(one.qos)) for one in self.topics] + [
            (name, 1) for one in self.sparkplug for name in one.filters
        ]
