"""Options of analysis; each has a default fit for a laptop."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class AnalysisSettings(BaseSettings):
    """Read once in deploy/config/settings.py from LODESTONE_ANALYSIS_*; use `django.conf.settings.ANALYSIS`."""

    model_config = SettingsConfigDict(env_prefix="LODESTONE_ANALYSIS_")
