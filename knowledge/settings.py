"""Options of knowledge; each has a default fit for a laptop."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class KnowledgeSettings(BaseSettings):
    """Read once in deploy/config/settings.py from LODESTONE_KNOWLEDGE_*; use `django.conf.settings.KNOWLEDGE`."""

    model_config = SettingsConfigDict(env_prefix="LODESTONE_KNOWLEDGE_")
