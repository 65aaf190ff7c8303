"""The table of what people corrected in the reading of files; remembered for the next file of the same kind."""

from django.db import models

from ingest.gateway.models import Instrument


class Mapping(models.Model):
    """One person's correction of how a file was read; a later one for the same columns takes precedence, none is changed."""

    instrument = models.ForeignKey(
        Instrument, null=True, blank=True, on_delete=models.CASCADE, related_name="mappings",
        help_text="none: for files of the same layout from anywhere",
    )  # fmt: skip
    parser = models.CharField(max_length=80)
    names = models.JSONField(default=list, help_text="channel names of the file it was made on, as first read")
    technique = models.CharField(max_length=200, blank=True)
    time_zone = models.CharField(
        max_length=60, blank=True, help_text="IANA name, for times the file states without zone"
    )
    hints = models.JSONField(
        default=dict, help_text="how to read it: decimal, delimiter, day_first, header_line, encoding"
    )
    channels = models.JSONField(default=list, help_text="[{name, stated, unit, quantity}]")
    file_name = models.CharField(max_length=400, blank=True, help_text="the file it was made on")
    person = models.CharField(max_length=120, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    withdrawn = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes = [models.Index(fields=["instrument", "-created"], name="mapping_newest")]

    def __str__(self) -> str:
        return f"{self.parser}: {self.file_name}"
