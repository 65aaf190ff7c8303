"""Pages of proposals: the list, and the form where a person accepts, edits or declines one."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from eln.accounts.scope import Scope
from eln.accounts.selectors import reader
from eln.entries.models import Entry
from knowledge.materials.presentation import said, topic_label
from knowledge.proposals.domain import value_shown
from knowledge.proposals.models import Proposal
from knowledge.proposals.selectors import proposal_counts, proposal_list, proposals_of
from knowledge.proposals.services import NotProposed, proposal_accept, proposal_decline
from knowledge.topics.domain import Property
from knowledge.topics.schema import topics

PAGE = 50


def proposals(request: HttpRequest) -> HttpResponse:
    """The proposals that wait for a decision, or those decided."""
    scope = Scope.of(reader(request))
    state = request.GET.get("state", Proposal.State.PROPOSED.value)
    if state not in Proposal.State.values:
        raise Http404(state)
    counts = proposal_counts(scope=scope)
    page = Paginator(proposal_list(scope=scope, state=state), PAGE).get_page(request.GET.get("page"))
    tabs = [(one.value, one.label, counts.get(one.value, 0)) for one in Proposal.State]
    lines = [(one, topic_label(one.topic), len(one.draft.get("values", ()))) for one in page]
    context = {"page": page, "lines": lines, "tabs": tabs, "state": state}
    return render(request, "knowledge/proposals.html", context)


def proposal(request: HttpRequest, pk: int) -> HttpResponse:
    """One proposal with a field for each property; on POST the decision."""
    user = reader(request)
    scope = Scope.of(user)
    found = proposal_list(scope=scope).filter(pk=pk).first()
    if found is None or found.topic not in topics():
        raise Http404(pk)
    error = ""
    if request.method == "POST":
        try:
            return _decided(request, found, scope)
        except NotProposed as refused:
            error = refused.message
    return render(request, "knowledge/proposal.html", _page(request, found, scope, error), status=400 if error else 200)


def _decided(request: HttpRequest, found: Proposal, scope: Scope) -> HttpResponse:
    user, sent = reader(request), request.POST
    if sent.get("decision") == "decline":
        proposal_decline(scope=scope, user=user, proposal=found, note=sent.get("note", ""))
        messages.success(request, _("The entry stays out of this topic."))
        return redirect("knowledge:proposals")
    entered = {
        name.removeprefix("value-"): str(text)[:4000] for name, text in sent.items() if name.startswith("value-")
    }
    record = proposal_accept(
        scope=scope, user=user, proposal=found, formula=sent.get("formula", "")[:400],
        spacegroup=sent.get("spacegroup", "")[:3], entered=entered, failed=sent.get("failed") == "1",
    )  # fmt: skip
    messages.success(request, _("The entry is filed into the topic as a measured record."))
    return redirect("knowledge:record", pk=record.pk)


def _page(request: HttpRequest, found: Proposal, scope: Scope, error: str) -> dict[str, Any]:
    schema = topics()[found.topic]
    begun = found.edited if found.state == Proposal.State.ACCEPTED or (found.changed and found.edited) else found.draft
    given = {value["property"]: value for value in begun.get("values", ())}
    fresh = {value["property"]: value for value in found.draft.get("values", ())}
    sent = request.POST if error else {}
    fields = [
        _field(item, given.get(item.id), fresh.get(item.id), sent.get(f"value-{item.id}")) for item in schema.properties
    ]
    stated = [field for field in fields if field["text"] or field["fresh"]]
    return {
        "proposal": found, "entry": found.entry, "topic": topic_label(found.topic), "error": error,
        "stated": stated, "others": [field for field in fields if field not in stated],
        "formula": sent.get("formula", begun.get("formula", "")), "may_write": scope.may_write(found.entry.project_id),
        "spacegroup": sent.get("spacegroup", begun.get("spacegroup_number") or ""),
        "failed": sent.get("failed") == "1" if error else found.failed, "files": found.draft.get("files", ()),
    }  # fmt: skip


def _field(
    item: Property, value: dict[str, Any] | None, fresh: dict[str, Any] | None, sent: str | None
) -> dict[str, Any]:
    shown = value_shown(value) if value else ""
    return {
        "id": item.id, "label": said(item.label), "unit": item.unit, "type": item.type, "text": shown if sent is None else sent,
        "source": value.get("column") if value else "", "method": value.get("method") if value else "",
        "conditions": (value or {}).get("conditions") or {}, "fresh": fresh,
        "differs": value_shown(fresh) if fresh and value_shown(fresh) != shown else "",
        "classes": [(one.id, said(one.label)) for one in item.classes],
    }  # fmt: skip


def entry_panel(request: HttpRequest, entry: Entry) -> str:
    """On an entry's page: what it is proposed for (slot eln.entry)."""
    found = list(proposals_of(scope=Scope.of(reader(request)), entry=entry))
    if not found:
        return ""
    lines = [(one, topic_label(one.topic)) for one in found]
    return render_to_string("knowledge/proposals_entry.html", {"lines": lines}, request)


def home_panel(request: HttpRequest, _subject: object) -> str:
    """On the home page: how many entries wait to be filed into a topic (slot eln.home)."""
    waiting = proposal_counts(scope=Scope.of(reader(request))).get(Proposal.State.PROPOSED.value, 0)
    return render_to_string("knowledge/proposals_home.html", {"waiting": waiting}, request) if waiting else ""
