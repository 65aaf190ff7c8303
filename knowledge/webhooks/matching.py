"""Which of the records that changed concern which webhook; what it was told already is not told again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction

from eln.accounts.scope import Scope
from ingest.feeds.services import feed_append
from knowledge.errors import QueryError
from knowledge.index.services import index_update
from knowledge.query.executor import run
from knowledge.query.types import And, Compare, Query
from knowledge.records.models import Kind, Record
from knowledge.webhooks.models import Delivery, Event, Told, Webhook
from knowledge.webhooks.selectors import webhook_scope
from knowledge.webhooks.services import FEED, webhook_query

CHUNK = 500
AT_ONCE = 100  # events of one delivery


@dataclass(frozen=True)
class Happened:
    """What happened to one record."""

    event: str
    record: str
    version: int


def changes_note(keys: Sequence[str]) -> int:
    """Store deliveries for these records; how many events. Doing it again stores none."""
    webhooks = list(Webhook.objects.filter(active=True, owner__is_active=True).select_related("owner"))
    if not webhooks:
        return 0
    total = 0
    for at in range(0, len(keys), CHUNK):
        records = list(Record.objects.filter(pk__in=keys[at : at + CHUNK]).defer("values", "structure"))
        _index_catches_up(records)
        total += sum(_note(webhook, records) for webhook in webhooks)
    return total


def _index_catches_up(records: Sequence[Record]) -> None:
    """Filters are asked of the index; what it does not have yet as the database says it is brought into it first."""
    ids = tuple(record.pk for record in records)
    if not ids:
        return
    query = Query(where=Compare("record", "in", ids), kinds=tuple(Kind.values), limit=len(ids), select=("record",))
    known = {row.record: row.version for row in run(query, scope=Scope.system()).rows}
    behind = [r.pk for r in records if known.get(r.pk) != (None if r.withdrawn else r.version)]
    if behind:
        index_update(records=behind)


def _matching(webhook: Webhook, records: Sequence[Record]) -> set[str]:
    ids = tuple(record.pk for record in records if not record.withdrawn)
    if not ids:
        return set()
    asked = webhook_query(webhook.topic, webhook.filter, limit=len(ids), select=("record",))
    among = Compare("record", "in", ids)
    where = among if asked.where is None else And((asked.where, among))
    query = Query(topic=asked.topic, where=where, limit=len(ids), select=("record",))
    return {row.record for row in run(query, scope=webhook_scope(webhook)).rows}


def _happened(webhook: Webhook, records: Sequence[Record]) -> Iterator[Happened]:
    told = dict(webhook.told.filter(record__in=[r.pk for r in records]).values_list("record", "version"))
    matching = _matching(webhook, records)
    for record in records:
        before = told.get(record.pk)
        if before is not None and before >= record.version:
            continue
        if record.withdrawn:
            if before is not None:
                yield Happened(Event.WITHDRAWN, record.pk, record.version)
        elif record.pk in matching:
            if before is None and record.created < webhook.created and record.version == 1:
                continue  # it was there before the subscription and only its place in the source moved
            new = before is None and record.created >= webhook.created
            yield Happened(Event.CREATED if new else Event.CHANGED, record.pk, record.version)


def _note(webhook: Webhook, records: Sequence[Record]) -> int:
    try:
        happened = list(_happened(webhook, records))
    except QueryError as error:  # the topics changed: the filter names what is no longer there
        Webhook.objects.filter(pk=webhook.pk).update(active=False, disabled_reason=error.message)
        return 0
    if not happened:
        return 0
    wanted = [[item.event, item.record, item.version] for item in happened if item.event in webhook.events]
    with transaction.atomic():
        Told.objects.bulk_create(
            [Told(webhook=webhook, record=item.record, version=item.version) for item in happened],
            update_conflicts=True, unique_fields=["webhook", "record"], update_fields=["version"],
        )  # fmt: skip
        Delivery.objects.bulk_create(
            Delivery(webhook=webhook, events=wanted[at : at + AT_ONCE]) for at in range(0, len(wanted), AT_ONCE)
        )
        feed_append(FEED, webhook.pk)
    return len(wanted)
