"""Runs a federated search: every database in a thread of its own with its own time, this site beside them, then what matches."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import orjson
from django.conf import settings
from django.db import OperationalError, connections
from django.utils import timezone

from eln.accounts.scope import Scope
from ingest.errors import LodestoneError
from knowledge.federation.client import MOST_BYTES, Broken, Client, Late, Refusal
from knowledge.federation.merging import formula_of, sites_of, spacegroup_of
from knowledge.federation.models import BREAKS, REST, FederatedSearch, Found, Part, Provider
from knowledge.federation.wording import NoWord, renamed, simpler, text_of
from knowledge.fetching import FetchError, NoAnswer, policy_of_site
from knowledge.index.columns import fingerprint
from knowledge.optimade import entries, listing
from knowledge.optimade.asking import Page
from knowledge.optimade.filters import condition, read
from knowledge.optimade.snapshot import snapshot
from knowledge.query.types import Filter

log = logging.getLogger(__name__)
THREADS = 8
BATCH = 20
BUSY_TRIES, BUSY_S = 40, 0.05
Result = TypeVar("Result")


def patient(work: Callable[[], Result]) -> Result:
    """What `work` gives; tried again for a while where the database is busy with another writer."""
    for _attempt in range(BUSY_TRIES):
        try:
            return work()
        except OperationalError:
            time.sleep(BUSY_S)
    return work()


def search_run(uid: str) -> None:
    """Ask everybody who waits, at once; then find which entries are one crystal. Whatever fails is told in its part."""
    search = FederatedSearch.objects.select_related("owner").filter(pk=uid).first()
    if search is None:
        return
    parts = Part.objects.filter(search=search, state=Part.State.WAITING).select_related("provider")
    waiting = patient(lambda: list(parts.all()))
    with ThreadPoolExecutor(THREADS, thread_name_prefix="federation") as pool:
        list(pool.map(lambda part: _part_run(search, part), waiting))
    try:
        structures_match(search)
    except Exception:
        log.exception("federated search %s: structures were not compared", uid)
    patient(lambda: FederatedSearch.objects.filter(pk=uid).update(ended=timezone.now()))


def _part_run(search: FederatedSearch, part: Part) -> None:
    began = time.monotonic()
    try:
        due = Part.objects.filter(pk=part.pk, state=Part.State.WAITING)
        if not patient(lambda: due.update(state=Part.State.ASKING, started=timezone.now())):
            return
        asked = read(search.filter)
        if part.provider is None:
            state, reason = _local(search, part)
        else:
            state, reason = _remote(search, part, part.provider, asked)
    except Exception as error:  # a fault of ours ends one part, never the others
        log.exception("federated search %s", search.pk)
        state, reason = Part.State.FAILED, f"{type(error).__name__}: {error}"[:500]
    finally:
        elapsed = round((time.monotonic() - began) * 1000)
    patient(
        lambda: Part.objects.filter(pk=part.pk, state=Part.State.ASKING).update(
            state=state, reason=reason, elapsed_ms=elapsed
        )
    )
    connections.close_all()


def _local(search: FederatedSearch, part: Part) -> tuple[Part.State, str]:
    """This site's own records, with the rights of the person who asks."""
    try:
        where = condition(search.filter, fingerprint())
    except LodestoneError as error:
        return Part.State.REFUSED, error.message
    scope = Scope.of(search.owner)
    held = snapshot()
    rows, _more = listing.page(where, (), Page(search.most), scope, held, told=entries.TOLD)
    _store(part, entries.structures(rows, None))
    count = listing.count(where, scope, held)
    patient(lambda: Part.objects.filter(pk=part.pk).update(stated=count, asked=search.filter))
    return Part.State.ANSWERED, ""


def _remote(search: FederatedSearch, part: Part, provider: Provider, asked: Filter) -> tuple[Part.State, str]:
    if provider.open_until is not None and provider.open_until > timezone.now():
        return Part.State.RESTING, f"until {provider.open_until:%H:%M:%S} UTC"

    def stopped() -> bool:
        return patient(FederatedSearch.objects.filter(pk=search.pk, cancel_asked=True).exists)

    policy = policy_of_site(max_bytes=MOST_BYTES, redirects=2)
    client = Client(provider.base_url, policy, time.monotonic() + settings.KNOWLEDGE.federation_timeout_s, stopped)
    try:
        _ask(client, part, asked, search.most)
        state, reason = Part.State.ANSWERED, ""
    except NoWord as word:
        state, reason = Part.State.REFUSED, f"it has no property '{word}'"
    except Refusal as error:
        state, reason = Part.State.REFUSED, str(error)
        if error.rest_s:
            rest = min(timedelta(seconds=error.rest_s), timedelta(hours=1))
            patient(lambda: Provider.objects.filter(pk=provider.pk).update(open_until=timezone.now() + rest))
    except Late:
        state, reason = Part.State.LATE, f"after {settings.KNOWLEDGE.federation_timeout_s:g} s"
    except InterruptedError:
        state, reason = Part.State.CANCELLED, ""
    except (Broken, FetchError) as error:
        state, reason = Part.State.FAILED, getattr(error, "message", str(error))
    _breaker(provider, bad=state in (Part.State.LATE, Part.State.FAILED))
    told = client.told
    patient(
        lambda: Part.objects.filter(pk=part.pk).update(stated=told.stated, complaints=told.complaints, tries=told.tries)
    )
    return state, reason


def _breaker(provider: Provider, *, bad: bool) -> None:
    """Count failures in a row; a database that keeps failing is left alone for a while."""
    failures = provider.failures + 1 if bad else 0
    patient(lambda: Provider.objects.filter(pk=provider.pk).update(failures=failures))
    if failures >= BREAKS:
        patient(lambda: Provider.objects.filter(pk=provider.pk).update(open_until=timezone.now() + REST))


def _ask(client: Client, part: Part, asked: Filter, most: int) -> None:
    """Ask in the database's own words; once more in simpler ones where it does not know some of them."""
    text = text_of(asked)
    wanted = asked
    if "_lodestone_" in text:
        try:
            known = client.info()
        except (Refusal, NoAnswer):
            known = {}
        wanted = renamed(asked, known)
        text = text_of(wanted)
    patient(lambda: Part.objects.filter(pk=part.pk).update(asked=text))
    try:
        _take(client, part, client.entries(text, wanted, most))
    except Refusal as error:
        plain = text_of(simpler(wanted))
        if error.status not in (400, 501) or plain == text:
            raise
        patient(lambda: Part.objects.filter(pk=part.pk).update(asked=plain))
        _take(client, part, client.entries(plain, wanted, most), doubtful_is_wrong=False)


def _take(
    client: Client, part: Part, found: Iterable[tuple[dict[str, Any], bool]], *, doubtful_is_wrong: bool = True
) -> None:
    """Store entries as they come, so that the page shows them; those that do not meet the filter are counted, not shown."""
    rows = iter(found)
    total = doubtful = 0
    while batch := list(islice(rows, BATCH)):
        good = [entry for entry, meets_filter in batch if meets_filter]
        doubtful += len(batch) - len(good)
        if doubtful and doubtful_is_wrong:
            client.told.complain("it gives entries that do not meet the filter; they are left out")
        _store(part, good)
        total += len(good)
        said = {"found": total, "doubtful": doubtful if doubtful_is_wrong else 0, "stated": client.told.stated}
        patient(partial(Part.objects.filter(pk=part.pk).update, **said))


def _store(part: Part, found: list[dict[str, Any]]) -> None:
    rows = [
        Found(
            part=part,
            entry_id=str(entry["id"])[:300],
            immutable_id=str(entry["attributes"].get("immutable_id") or "")[:300],
            formula=formula_of(entry),
            spacegroup=spacegroup_of(entry),
            document=orjson.loads(orjson.dumps(entry).replace(b"\\u0000", b"")),
        )
        for entry in found
    ]
    patient(lambda: Found.objects.bulk_create(rows))
    if part.provider_id is None:
        patient(lambda: Part.objects.filter(pk=part.pk).update(found=len(rows)))


def structures_match(search: FederatedSearch) -> None:
    """Give entries of one formula and group numbers by structure: the same number = the same crystal."""
    from knowledge.imports.structures import structures_read

    groups: dict[tuple[str, int | None], list[tuple[Found, dict[str, Any]]]] = defaultdict(list)
    for found in Found.objects.filter(part__search=search).exclude(formula=""):
        if sites := sites_of(found.document):
            groups[found.formula, found.spacegroup].append((found, sites))
    due = [members for members in groups.values() if len(members) > 1]
    requests = [{"match": [sites for _found, sites in members]} for members in due]
    changed = []
    for members, answer in zip(due, structures_read(requests), strict=True):
        for (found, _sites), number in zip(members, answer.get("groups", []), strict=False):
            found.structure = number
            changed.append(found)
    Found.objects.bulk_update(changed, ["structure"], batch_size=200)
