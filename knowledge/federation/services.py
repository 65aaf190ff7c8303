"""Writes of federated search: databases (by administrators), questions, their end, and another try."""

import re
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from eln.accounts.models import User
from ingest.errors import NotAllowed
from knowledge.federation.errors import FederationError
from knowledge.federation.models import FederatedSearch, Part, Provider
from knowledge.fetching import policy_of_site, url_checked
from knowledge.optimade.filters import read

MOST = 500
ABANDONED = timedelta(minutes=3)


def provider_save(
    *, user: User, slug: str, name: str, base_url: str, licence: str = "", citation: str = "", enabled: bool = True
) -> Provider:
    """Add a database to the list, or change it. Raises NotAllowed for all but administrators, AddressRefused, FederationError."""
    if not user.is_staff:
        raise NotAllowed(_("Only an administrator decides which databases are asked."))
    slug, name, base = slug.strip().lower(), name.strip(), base_url.strip().rstrip("/")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", slug):
        raise FederationError(_("The short name has lower-case letters, digits and hyphens, at most 40."))
    if not name:
        raise FederationError(_("The database needs a name."))
    url_checked(base, policy_of_site())
    said = {"name": name[:120], "base_url": base[:300], "licence": licence.strip()[:200], "citation": citation.strip()}
    found, _made = Provider.objects.update_or_create(
        slug=slug, defaults={**said, "enabled": enabled, "failures": 0, "open_until": None}
    )
    return found


def provider_remove(*, user: User, slug: str) -> None:
    """Take a database off the list, with what was found in it. Raises NotAllowed."""
    if not user.is_staff:
        raise NotAllowed(_("Only an administrator decides which databases are asked."))
    Provider.objects.filter(slug=slug).delete()


def search_start(*, owner: User, text: str, providers: list[str] | None = None, most: int = 100) -> FederatedSearch:
    """Put a question to this site and to the chosen databases (none = all that are enabled). It runs by itself from here on.

    Raises FilterError or OptimadeError where the text does not read, FederationError where there is nobody to ask.
    """
    text = text.strip()
    if not text:
        raise FederationError(_('Write what to look for, such as: elements HAS ALL "Bi","Se" AND nelements = 2'))
    read(text)
    chosen = Provider.objects.filter(enabled=True)
    if providers is not None:
        chosen = chosen.filter(slug__in=providers)
    with transaction.atomic():
        search = FederatedSearch.objects.create(owner=owner, filter=text, most=max(1, min(most, MOST)))
        Part.objects.bulk_create([Part(search=search), *(Part(search=search, provider=one) for one in chosen)])
        transaction.on_commit(lambda: _start(search.pk))
    return search


def _start(uid: str) -> None:
    from knowledge.federation.starting import search_begin

    search_begin(uid)


def search_cancel(search: FederatedSearch) -> None:
    """End a question: those that were not asked yet are not, the others stop at their next page."""
    FederatedSearch.objects.filter(pk=search.pk).update(cancel_asked=True)
    Part.objects.filter(search=search, state=Part.State.WAITING).update(state=Part.State.CANCELLED)


def search_retry(search: FederatedSearch, *, only: str = "") -> None:
    """Ask those again that gave nothing or not all (or only the one of this short name); what others gave stays."""
    parts = Part.objects.filter(search=search).exclude(state__in=[Part.State.WAITING, Part.State.ASKING])
    parts = parts.filter(provider__slug=only) if only else parts.exclude(state=Part.State.ANSWERED)
    with transaction.atomic():
        for part in parts:
            part.entries.all().delete()
            Part.objects.filter(pk=part.pk).update(
                state=Part.State.WAITING,
                reason="",
                found=0,
                doubtful=0,
                stated=None,
                complaints=[],
                tries=0,
                started=None,
            )
            if part.provider_id is not None:  # a person who asks again means it
                Provider.objects.filter(pk=part.provider_id).update(open_until=None)
        FederatedSearch.objects.filter(pk=search.pk).update(cancel_asked=False, ended=None)
        transaction.on_commit(lambda: _start(search.pk))


def search_remove(search: FederatedSearch) -> None:
    """Forget a question and what it found; records that were taken from it stay."""
    search_cancel(search)
    search.delete()


def abandoned_fail(search: FederatedSearch) -> None:
    """Mark parts whose process is gone, so that they can be tried again."""
    late = timezone.now() - ABANDONED
    gone = Part.objects.filter(search=search, state__in=[Part.State.WAITING, Part.State.ASKING])
    if search.created > late:
        return
    told = _("The site was stopped while this was asked: try again.")
    gone.exclude(started__gt=late).update(state=Part.State.FAILED, reason=told)
    if not Part.objects.filter(search=search, state__in=[Part.State.WAITING, Part.State.ASKING]).exists():
        FederatedSearch.objects.filter(pk=search.pk, ended=None).update(ended=timezone.now())
