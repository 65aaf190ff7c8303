"""The graph in the relational database: what materials have in common, each edge with the record that says so. Derived."""

from django.db import models

from knowledge.records.models import Record


class GraphNode(models.Model):
    """Something that records speak of; `key` is kind and name, such as `element:Bi`."""

    key = models.CharField(primary_key=True, max_length=440)
    kind = models.CharField(max_length=20, db_index=True)
    label = models.CharField(max_length=440)

    def __str__(self) -> str:
        return self.key


class GraphEdge(models.Model):
    """One statement of one record. No foreign keys to nodes, so that a batch is written without looking anything up."""

    source = models.CharField(max_length=440)
    relation = models.CharField(max_length=60)
    target = models.CharField(max_length=440)
    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["source", "relation"], name="edge_source"),
            models.Index(fields=["target", "source"], name="edge_target"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.relation} {self.target}"
