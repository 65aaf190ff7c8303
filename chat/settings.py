"""Options of chat; each has a default fit for a laptop."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class ChatSettings(BaseSettings):
    """Read once in deploy/config/settings.py from LODESTONE_CHAT_*; use `django.conf.settings.CHAT`."""

    model_config = SettingsConfigDict(env_prefix="LODESTONE_CHAT_")
