"""Options of analysis; each has a default fit for a laptop."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AnalysisSettings(BaseSettings):
    """Read once in deploy/config/settings.py from LODESTONE_ANALYSIS_*; use `django.conf.settings.ANALYSIS`."""

    model_config = SettingsConfigDict(env_prefix="LODESTONE_ANALYSIS_")

    parallel: int = Field(default=1, ge=1, description="jobs that run at once on this machine")
    threads: int = Field(default=2, ge=1, description="threads one job may use")
    nice: int = Field(default=10, ge=0, le=19, description="niceness of a job's process")
    memory_mb: int = Field(default=4096, ge=256, description="memory one job may use, MiB")
    cpu_s: int = Field(default=7200, ge=1, description="processor time one job may use, seconds")
    wall_s: int = Field(default=7200, ge=1, description="time one job may take, seconds")
    rows: int = Field(default=200_000, ge=10, description="rows of the largest data set taken")
