"""A project with one of everything, and all addresses of the site; for tests that walk over them."""

import re
from collections.abc import Iterator
from datetime import timedelta

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from analysis.jobs.models import Job
from analysis.predictors.models import Predictor
from chat.models import Conversation, Message
from eln.models import Attachment, Comment, Entry, FilingRule, Project, Sample
from ingest.feeds.models import Failure
from ingest.gateway.models import Agent, EnrolmentCode, Instrument
from ingest.stream.models import Alert
from knowledge.federation.models import FederatedSearch
from knowledge.graph.services import graph_rebuild
from knowledge.index.services import index_rebuild
from knowledge.models import (
    ApiKey,
    Dataset,
    Delivery,
    Export,
    Proposal,
    QualityRun,
    Record,
    SavedSearch,
    TableImport,
    Webhook,
)
from tests.builders.analysis import a_job
from tests.builders.eln import a_parsed_file, a_person, a_project, a_receipt, a_run, an_instrument
from tests.builders.knowledge import a_dataset, a_record

HIDDEN = "HfRh7"  # no open record is of this material


def addresses(resolver: URLResolver | None = None, prefix: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    """(route, name) of every pattern of the site."""
    for item in (resolver or get_resolver()).url_patterns:
        route = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from addresses(item, route, f"{item.namespace}:" if item.namespace else space)
        elif isinstance(item, URLPattern):
            yield route, f"{space}{item.name}"


class Everything:
    """A project with one of everything, whose texts all hold `mark`, and the person who owns it."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.owner = a_person("ada")
        self.project: Project = a_project(title=f"{self.mark} project", owner=self.owner)
        self.instrument: Instrument = an_instrument(slug="mbe-secret", project=self.project)
        self.instrument.title = f"{self.mark} machine"
        self.instrument.save()
        now = timezone.now()
        run = a_run(self.instrument, start=now - timedelta(hours=1), hours=None, title=f"{self.mark} run")
        self.sample = Sample.objects.create(project=self.project, name=f"{self.mark} sample", formula=HIDDEN)
        self.entry = Entry.objects.create(
            project=self.project, title=f"{self.mark} entry", text=self.mark, words=self.mark.lower(), technique=f"{self.mark}XRD",
            instrument=self.instrument, run=run, sample=self.sample, person=self.owner, started=now,
        )  # fmt: skip
        Comment.objects.create(entry=self.entry, author=self.owner, text=f"{self.mark} remark")
        Alert.objects.create(
            instrument=self.instrument, run=run, channel=f"{self.mark} gauge", kind="stuck", score=1, started=now
        )
        self.agent = Agent.objects.create(name=f"{mark} agent", instrument=self.instrument, token_hash="h")
        self.rule = FilingRule.objects.create(instrument=self.instrument, pattern=f"{mark}*", how="time")
        self.code = EnrolmentCode.objects.create(
            code_hash="c", instrument=self.instrument, agent=self.agent, expires=now + timedelta(hours=1)
        )
        self.filed, self.waiting = self._file(self.entry), self._file(None)
        self.records()
        self.conversation = Conversation.objects.create(owner=self.owner, title=f"{self.mark} talk")
        self.message = Message.objects.create(
            conversation=self.conversation,
            question=self.mark,
            status="answered",
            language="en",
            document={},
            sentences=[],
        )
        self.job: Job = a_job(owner=self.owner)
        Job.objects.update(title=f"{self.mark} job", state="done")
        self.model = Predictor.objects.create(
            job=self.job, owner=self.owner, title=f"{self.mark} model", target="x", task="regression", trainer="t",
            score=1, baseline=2, card={"data": {"origin": {}}}, files={"validation.json": "0" * 64},
        )  # fmt: skip
        self.search = SavedSearch.objects.create(
            user=self.owner, project=self.project, name=f"{self.mark} search", address="q=HfRh7"
        )
        self.key = ApiKey.objects.create(user=self.owner, name=f"{self.mark} key", prefix="ldk_secret", rights=["read"])
        self.export = Export.objects.create(owner=self.owner, title=f"{self.mark} export", query={}, format="csv")
        self.webhook = Webhook.objects.create(
            owner=self.owner, name=f"{self.mark} hook", url=f"https://{self.mark}.example/", secret="whsec_c2VjcmV0"
        )
        self.delivery = Delivery.objects.create(webhook=self.webhook, reason=self.mark)
        self.tables = TableImport.objects.create(owner=self.owner, files=[f"{self.mark}.csv"], state="ready")
        self.proposal = Proposal.objects.create(entry=self.entry, topic="material_facts", note=self.mark)
        self.checks = QualityRun.objects.create(asked_by=self.owner, state="running")
        self.federated = FederatedSearch.objects.create(owner=self.owner, filter=f'elements HAS "{self.mark}"')
        self.failure = Failure.objects.create(
            stage="s", key=f"{self.mark} key", reason=f"{self.mark} reason", next_attempt=now + timedelta(days=1)
        )

    def _file(self, entry: Entry | None) -> Attachment:
        receipt = a_receipt(self.mark.encode(), name=f"{self.mark}.csv", source="upload page", person="ada")
        return Attachment.objects.create(
            entry=entry, project=self.project, receipt=receipt, file_name=receipt.file_name, status="parsed",
            parsed=a_parsed_file(receipt),
        )  # fmt: skip

    def records(self) -> None:
        self.dataset: Dataset = a_dataset(slug="secret-set", title=f"{self.mark} data", project=self.project)
        values = {"topological_class_soc": "TCI", "nsites": 777}
        self.record: Record = a_record(
            HIDDEN, dataset=self.dataset, spacegroup_number=166, values=values, title=self.mark
        )
        a_record("Bi2Se3", spacegroup_number=166, values={"topological_class_soc": "TCI"})  # open to all
        index_rebuild()
        graph_rebuild()

    def arguments(self, name: str) -> dict[str, str]:
        """What fills an address's places, for each parameter name."""
        pk = {
            "eln:entry": self.entry.pk, "eln:entry-change": self.entry.pk, "eln:entry-comment": self.entry.pk,
            "eln:entry-plot": self.entry.pk, "eln:sample": self.sample.pk, "eln:receipt": self.filed.receipt_id,
            "eln:failure-again": self.failure.pk, "knowledge:record": self.record.pk,
            "knowledge:proposal": self.proposal.pk, "knowledge:quality-cancel": self.checks.pk,
            "eln:agent": self.agent.pk, "eln:rule-forget": self.rule.pk,
            "knowledge:search-forget": self.search.pk, "eln:connect-waiting": self.code.pk, "eln:connect-cancel": self.code.pk,
        }.get(name, self.filed.pk)  # fmt: skip
        if name.startswith(("knowledge:record", "knowledge:structure", "knowledge:pattern")):
            pk = self.record.pk
        if name in ("eln:run", "eln:run-plot", "eln:run-change", "eln:run-export"):
            return {"uid": str(self.entry.run_id), "kind": "csv"}
        if name.startswith("knowledge:key-"):
            return {"pk": str(self.key.pk)}
        if name.startswith(("knowledge:export", "knowledge:webhook")):
            uid = self.export.pk if name.startswith("knowledge:export") else self.webhook.pk
            return {"uid": uid, "action": "remove" if uid == self.export.pk else "secret", "delivery": self.delivery.pk}
        if name.startswith(("knowledge:import", "knowledge:federated")):
            uid = self.tables.pk if name.startswith("knowledge:import") else self.federated.pk
            return {"uid": uid, "action": "remove" if uid == self.tables.pk else "cancel"}
        if name.startswith("knowledge:dataset"):
            return {"slug": self.dataset.slug, "form": "ttl"}
        uid = self.job.pk if name in ("analysis:job", "analysis:cancel", "analysis:retry") else self.model.pk
        slug = self.project.slug if name == "eln:project" else self.instrument.slug
        return {
            "pk": str(pk), "slug": slug, "uid": uid, "topic": self.dataset.topic, "formula": HIDDEN,
            "conversation": str(self.conversation.pk), "message": str(self.message.pk), "record": self.record.pk,
            "export": self.export.pk, "webhook": self.webhook.pk, "delivery": self.delivery.pk, "rest": "nothing",
            "dataset": self.dataset.slug, "key": "0" * 32, "kind": "csv", "path": "nothing",
            "upload_id": self.filed.receipt_id, "tail_id": self.filed.receipt_id,
        }  # fmt: skip


def filled(route: str, name: str, made: Everything) -> str:
    """The address of a route, its places filled with things of the project."""
    known = made.arguments(name)
    return "/" + re.sub(
        r"<(?:\w+:)?(\w+)>|\{(\w+)\}", lambda place: known[place[1] or place[2]], route.replace("^", "").rstrip("$")
    )
