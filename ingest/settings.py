"""Options of ingest; each has a default fit for a laptop."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class IngestSettings(BaseSettings):
    """Read once in deploy/config/settings.py from LODESTONE_INGEST_*; use `django.conf.settings.INGEST`."""

    model_config = SettingsConfigDict(env_prefix="LODESTONE_INGEST_")

    max_upload_bytes: int = Field(default=8 * 2**30, description="largest file an agent or page may hand over")
    parse_timeout_s: float = Field(default=120, description="wall-clock limit of one parser subprocess")
    parse_memory_bytes: int = Field(default=3 * 2**30, description="address-space limit of one parser subprocess")
    min_free_bytes: int = Field(default=200 * 2**20, description="below this free disk the gateway answers 503")
    token_days: float = Field(default=0, ge=0, description="an agent's token expires after so many days; 0: never")
    verify_bytes_per_s: float = Field(
        default=4 * 2**20, gt=0, description="how fast stored files are hashed again in the background, bytes a second"
    )
    max_queue_bytes: int = Field(
        default=256 * 2**20, description="batches that may wait to be stored before senders are told to wait (429)"
    )
    mqtt_bridge: Path | None = Field(
        default=None, description="TOML file of the MQTT bridge, which `up` then runs; none = no bridge"
    )
    run_silence_s: float = Field(
        default=3600, description="an open run without data for so long is closed, with the reason"
    )
