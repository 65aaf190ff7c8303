"""Django's view of the package ingest."""

from django.apps import AppConfig


class IngestConfig(AppConfig):
    """Registers what ingest adds to the site."""

    name = "ingest"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Ingest"

    def ready(self) -> None:
        """Register the stages, in the order of the data path."""
        from ingest.feeds.stage import stage_register
        from ingest.parsing.stages import ParsingStage
        from ingest.stream.stages import LogStage, StreamStage
        from ingest.telemetry.stages import CompactionStage

        stage_register(StreamStage())
        stage_register(CompactionStage())
        stage_register(ParsingStage())
        stage_register(LogStage())
