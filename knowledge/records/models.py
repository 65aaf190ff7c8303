"""Data sets and records: one record is one row of a source (or one finished entry), with every value it states."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from eln.accounts.models import Project


class Kind(models.TextChoices):
    """How a value came to be; never mixed up."""

    MEASUREMENT = "measurement", _("measured")
    LITERATURE = "literature", _("from the literature")
    COMPUTATION = "computation", _("computed")
    PREDICTION = "prediction", _("predicted")


class Dataset(models.Model):
    """A source: a published table, a set of structures, the notebook, or the predictions of one model."""

    slug = models.SlugField(max_length=80, unique=True)
    topic = models.CharField(max_length=60, db_index=True)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.LITERATURE)
    version = models.CharField(max_length=64, help_text="hash of the files it was read from")
    licence = models.CharField(max_length=200, blank=True)
    citation = models.TextField(blank=True)
    url = models.CharField(max_length=400, blank=True)
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.CASCADE)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.title


class DatasetVersion(models.Model):
    """What one import changed in a data set: rows are only ever added."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="versions")
    version = models.CharField(max_length=64)
    part = models.CharField(max_length=400, blank=True, help_text="the file that was read")
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    withdrawn = models.PositiveIntegerField(default=0)
    records = models.PositiveIntegerField(default=0, help_text="in the whole data set afterwards")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.dataset_id} {self.version}"


class Record(models.Model):
    """What one row of a source says. Derived: its id is computed from the source, so citations survive a rebuild.

    `values` is a list of {property, value, unit, uncertainty, conditions, method, column, raw}: `value` in the topic's
    canonical unit (number, string, bool or list), `raw` as the source spells it.
    """

    id = models.CharField(primary_key=True, max_length=24, help_text="hash of data set and locator")
    version = models.PositiveIntegerField(default=1)
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="records")
    topic = models.CharField(max_length=60, db_index=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.CASCADE)
    formula = models.CharField(
        max_length=400, db_index=True, help_text="reduced formula, the material; empty if it has none"
    )
    formula_source = models.CharField(max_length=400, blank=True, help_text="as the source wrote it")
    elements = models.JSONField(default=list, help_text="symbols, sorted")
    spacegroup_number = models.PositiveSmallIntegerField(null=True, blank=True, db_index=True)
    external_id = models.CharField(
        max_length=80, blank=True, db_index=True, help_text="the source's own id, such as mp-541837"
    )
    title = models.CharField(max_length=200, blank=True)
    values = models.JSONField(default=list)
    structure = models.TextField(blank=True, help_text="CIF, where the source gives a crystal structure")
    receipt = models.CharField(
        max_length=64, blank=True, db_index=True, help_text="ingest receipt whose bytes it was read from"
    )
    file_name = models.CharField(max_length=400, blank=True)
    locator = models.CharField(max_length=200, blank=True, help_text="row, line or entry inside the file")
    entry_id = models.BigIntegerField(null=True, blank=True, db_index=True, help_text="notebook entry it was read from")
    withdrawn = models.BooleanField(default=False, help_text="no longer in the source's present version")
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["topic", "formula"], name="record_topic_formula")]

    def __str__(self) -> str:
        return f"{self.formula or self.title} ({self.dataset_id})"


class RecordVersion(models.Model):
    """What a record said before: kept whole when a newer version of its source differs."""

    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    document = models.JSONField(help_text="the record's fields at that version")
    replaced = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record", "version"], name="record_version_once")]
