"""What can be set on the OPC UA source."""

from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from ingest.agent.secret_files import beside_config, secret_read


class Variable(BaseModel):
    """One variable, named by its node id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, description="node id: ns=2;s=Oven.Zone1.T or ns=2;i=1001")
    channel: str = Field(default="", description="name; none = the node's display name")
    unit: str | None = Field(default=None, max_length=60, description="none = the node's EngineeringUnits")
    quantity: str | None = Field(default=None, max_length=120, description="name in the registry of quantities")
    low: float | None = Field(default=None, description="none = the node's EURange")
    high: float | None = None


class OpcUaParams(BaseModel):
    """Keys of a source of type `opcua`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: str = Field(pattern=r"^opc\.tcp://[^/\s]+", description="opc.tcp://host:4840/path")
    nodes: tuple[Variable, ...] = Field(default=(), description="collect these; none = browse")
    browse_from: str = Field(default="i=85", description="node id below which variables are looked for; i=85 = Objects")
    include: tuple[str, ...] = Field(default=("*",), description="patterns of browse paths such as Oven/Zone*/T")
    exclude: tuple[str, ...] = Field(default=(), description="patterns of browse paths")
    max_nodes: int = Field(default=5000, ge=1, description="more variables than this are said, and not collected")
    security_policy: Literal["None", "Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"] = "None"
    security_mode: Literal["None", "Sign", "SignAndEncrypt"] = "None"
    certificate: Path | None = Field(
        default=None, description="our certificate (DER or PEM), for a policy other than None"
    )
    private_key: Path | None = Field(default=None, description="its key (PEM), readable by you only")
    server_certificate: Path | None = Field(
        default=None, description="trust only this certificate; none = the one the endpoint shows"
    )
    application_uri: str = Field(default="urn:lodestone:agent", description="as in our certificate")
    username: str | None = None
    password_file: Path | None = Field(default=None, description="file that holds the password")
    publish_s: float = Field(default=0.5, gt=0, le=60, description="how often the server sends what changed")
    sampling_s: float | None = Field(
        default=None, ge=0, description="how often the server looks; none = as often as it sends"
    )
    queue_size: int = Field(
        default=100, ge=1, le=10_000, description="changes of one variable that the server keeps between two sendings"
    )
    keepalive_s: float = Field(
        default=5, gt=0, le=600, description="a subscription that is silent much longer is dead and is made anew"
    )
    timeout_s: float = Field(default=5, gt=0, le=120, description="of one request")
    max_waiting: int = Field(
        default=200_000,
        gt=0,
        description="readings in memory while the spool is full; what comes beyond is lost, and a gap says how many",
    )
    retry_max_s: float = Field(default=30, gt=0, description="longest wait between two tries to connect")
    retry_bad_s: float = Field(
        default=60, gt=0, description="variables that the server refused are asked for again so often"
    )

    @field_validator("certificate", "private_key", "server_certificate", "password_file")
    @classmethod
    def _places(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        return beside_config(path, info)

    @model_validator(mode="after")
    def _security_whole(self) -> "OpcUaParams":
        if (self.security_policy == "None") != (self.security_mode == "None"):
            raise ValueError("security_mode: policy and mode go together: both None, or both something else")
        if self.security_policy != "None" and (self.certificate is None or self.private_key is None):
            raise ValueError("certificate: a security policy needs certificate and private_key")
        return self

    def wanted(self, path: str) -> bool:
        """Whether a variable found by browsing is collected."""
        return any(fnmatch(path, one) for one in self.include) and not any(fnmatch(path, one) for one in self.exclude)

    def password(self) -> str | None:
        """The password. Raises SourceError where its file cannot be read."""
        return None if self.password_file is None else secret_read(self.password_file, "password_file")
