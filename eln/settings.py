"""Options of eln; each has a default fit for a laptop."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class ElnSettings(BaseSettings):
    """Read once in deploy/config/settings.py from LODESTONE_ELN_*; use `django.conf.settings.ELN`."""

    model_config = SettingsConfigDict(env_prefix="LODESTONE_ELN_")
