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
        from ingest.verification.faults import verifier_add
        from ingest.verification.stages import VerificationStage
        from ingest.verification.verifiers import (
            batches_verify,
            blobs_verify,
            feeds_verify,
            receipts_verify,
            segments_verify,
        )

        verifier_add("blobs", blobs_verify)
        verifier_add("receipts", receipts_verify)
        verifier_add("segments", segments_verify)
        verifier_add("batches", batches_verify)
        verifier_add("feeds", feeds_verify)
        stage_register(StreamStage())
        stage_register(CompactionStage())
        stage_register(ParsingStage())
        stage_register(LogStage())
        stage_register(VerificationStage())
