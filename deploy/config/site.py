"""Options of the whole site, read once by settings.py."""

import secrets
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class SiteSettings(BaseSettings):
    """LODESTONE_* variables; a secret may instead stand in the file that LODESTONE_<NAME>_FILE names."""

    model_config = SettingsConfigDict(env_prefix="LODESTONE_", env_ignore_empty=True)

    home: Path = Field(default=Path("var"), description="folder of everything Lodestone stores")
    database_url: str = Field(
        default="", description="postgresql://user:password@host:port/name; empty = SQLite in home"
    )
    database_url_file: Path | None = None
    broker_url: str = Field(
        default="memory://localhost", description="Celery broker: memory:// (in process) or redis://…"
    )
    cache_url: str = Field(
        default="",
        description="redis://… that all processes share for limits; empty = the broker if it is Redis, else memory",
    )
    neo4j_uri: str = Field(default="", description="bolt://host:7687 of a Neo4j to keep beside the index; empty = none")
    neo4j_user: str = ""
    neo4j_password: str = ""
    neo4j_password_file: Path | None = None
    neo4j_database: str = "neo4j"
    secret_key: str = Field(default="", description="empty = made once and kept in home/secret.key")
    secret_key_file: Path | None = None
    allowed_hosts: str = Field(default="127.0.0.1,localhost,[::1]", description="comma-separated host names")
    trusted_origins: str = Field(default="", description="comma-separated https origins behind a proxy")
    https: bool = Field(default=False, description="cookies only over TLS")
    debug: bool = False
    log_level: str = "WARNING"

    def database(self) -> str:
        """The database address, from the variable or the file."""
        return self.database_url_file.read_text().strip() if self.database_url_file else self.database_url

    def cache(self) -> dict[str, str]:
        """Django's cache: Redis where processes share one, else the memory of this process."""
        url = self.cache_url or (self.broker_url if self.broker_url.startswith(("redis://", "rediss://")) else "")
        if url:
            return {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": url,
                "KEY_PREFIX": "lodestone",
            }
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "lodestone"}

    def neo4j(self) -> dict[str, str]:
        """Where the site's Neo4j is and as whom to ask it; `uri` empty = there is none."""
        file = self.neo4j_password_file
        password = file.read_text().strip() if file else self.neo4j_password
        return {"uri": self.neo4j_uri, "user": self.neo4j_user, "password": password, "database": self.neo4j_database}

    def secret(self) -> str:
        """The secret key: from the variable, the file, or made once in home (mode 0600)."""
        if self.secret_key_file:
            return self.secret_key_file.read_text().strip()
        if self.secret_key:
            return self.secret_key
        path = self.home / "secret.key"
        if not path.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            try:
                with path.open("x") as file:
                    path.chmod(0o600)
                    file.write(secrets.token_urlsafe(48))
            except FileExistsError:
                pass
        return path.read_text().strip()
