"""Options of knowledge; each has a default fit for a laptop."""

from typing import TYPE_CHECKING, Literal

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network


class KnowledgeSettings(BaseSettings):
    """Read once in deploy/config/settings.py from LODESTONE_KNOWLEDGE_*; use `django.conf.settings.KNOWLEDGE`."""

    model_config = SettingsConfigDict(env_prefix="LODESTONE_KNOWLEDGE_", populate_by_name=True)

    open_reading: bool = Field(
        default=False,
        validation_alias=AliasChoices("LODESTONE_OPEN_READING", "open_reading"),
        description="programs may read records of no project through the APIs without logging in",
    )
    api_per_minute: int = Field(default=600, gt=0, description="requests a minute of one API key or one person")
    visitor_per_minute: int = Field(default=60, gt=0, description="requests a minute of one address without a key")
    export_rows: int = Field(default=5_000_000, gt=0, description="most records of one export")
    export_days: float = Field(default=7, gt=0, description="the file of an export stays so many days")
    export_parallel: int = Field(default=2, gt=0, description="exports written at once")
    webhook_days: float = Field(default=3, gt=0, description="a webhook that failed for so many days is paused")
    import_bytes: int = Field(default=512 * 2**20, gt=0, description="most bytes of one import through the pages")
    import_memory_mb: int = Field(default=4096, gt=0, description="memory of the process that reads an import")
    import_wall_s: int = Field(default=3600, gt=0, description="longest time of one import")
    import_parallel: int = Field(default=2, gt=0, description="imports read at once")
    fetch_networks: str = Field(
        default="",
        description="private networks that webhooks and federated searches may reach, such as 10.1.0.0/16, with commas",
    )
    fetch_http: bool = Field(default=False, description="webhooks and federated searches may use http:// too")
    federation_timeout_s: float = Field(
        default=10.0, gt=0, description="time of one database in a federated search, in seconds"
    )
    optimade_anonymous: Literal["auto", "yes", "no"] = Field(
        default="auto",
        description="who reads open records at /optimade without an API key: yes = everybody, no = nobody, "
        "auto = as open_reading says, and programs on this machine as long as the site has no name but localhost",
    )
    optimade_name: str = Field(default="Lodestone", description="name of this provider of data in OPTIMADE's answers")
    optimade_description: str = Field(
        default="Topic databases of a materials laboratory", description="what this provider offers, in one sentence"
    )
    optimade_homepage: str = Field(default="", description="address of a page about this provider; empty = none")
    optimade_base_url: str = Field(
        default="", description="public address of /optimade behind a proxy, such as https://lab.example/optimade"
    )
    optimade_page_limit: int = Field(default=500, ge=20, le=10_000, description="most entries of one page")

    @field_validator("fetch_networks")
    @classmethod
    def _readable(cls, text: str) -> str:
        from ipaddress import ip_network

        for part in filter(None, map(str.strip, text.split(","))):
            ip_network(part, strict=False)  # a ValueError stops the start with its message
        return text

    def networks(self) -> "tuple[IPv4Network | IPv6Network, ...]":
        """The networks of `fetch_networks`."""
        from ipaddress import ip_network

        return tuple(ip_network(part, strict=False) for part in map(str.strip, self.fetch_networks.split(",")) if part)
