"""Pages: all topics, the editor of one, its versions."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from eln.accounts.selectors import reader
from knowledge.editor import checks, forms, services
from knowledge.errors import KnowledgeError
from knowledge.topics.models import TopicDocument
from knowledge.topics.schema import complaints, found_topics, topics

Context = dict[str, Any]  # what a template shows


def _said(text: dict[str, str]) -> str:
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return text.get(language) or text.get("en") or ""


def topic_list(request: HttpRequest) -> HttpResponse:
    """Every topic with what it holds; for stewards also the ones left out, and the way to a new one."""
    steward = reader(request).is_staff
    rows = [
        {"id": name, "label": _said(schema.label), "about": _said(schema.description), "count": len(schema.properties),
         "origin": found_topics()[name].origin}
        for name, schema in sorted(topics().items(), key=lambda pair: _said(pair[1].label))
    ]  # fmt: skip
    context = {"topics": rows, "steward": steward, "complaints": complaints() if steward else ()}
    return render(request, "knowledge/editor/topics.html", context)


@never_cache
def edit(request: HttpRequest, topic: str | None = None) -> HttpResponse:
    """The editor: form or YAML; checked, previewed or saved on POST."""
    user = reader(request)
    if not user.is_staff:
        raise services.NotSteward(_("Only a steward may change topics."))
    if topic is not None and topic not in found_topics():
        raise Http404(topic)
    before = checks.document_of(found_topics()[topic].text) if topic else {}
    text = _text(request, before)
    context: Context = {
        "topic": topic, "as_yaml": _as_yaml(request), "types": forms.TYPES, "text": text, "sample": request.POST.get("sample", ""),
    }  # fmt: skip
    status = 200
    if request.method == "POST":
        action = request.POST.get("action", "check")
        if action == "save":
            try:
                saved = services.topic_save(topic=topic, text=text, person=user, note=request.POST.get("note", ""))
            except services.TopicRefused as error:
                context["faults"], status = error.details["faults"], 400
            else:
                messages.success(request, _("Saved as version %(number)s.") % {"number": saved.version})
                return redirect("knowledge:topic", topic=saved.topic)
        elif action in ("check", "preview"):
            context |= _checked(text, topic, context["sample"])
    context["form"] = forms.form_of(checks.document_of(text))
    return render(request, "knowledge/editor/edit.html", context, status=status)


def _as_yaml(request: HttpRequest) -> bool:
    chosen = request.POST.get("view") or request.GET.get("view")
    return chosen == "yaml"


def _text(request: HttpRequest, before: Any) -> str:  # Any: YAML
    """The YAML that the sent form or text says; what is there before anything is sent."""
    if request.method != "POST":
        return forms.yaml_of(before) if before else ""
    if "text" in request.POST:
        return request.POST["text"]
    return forms.yaml_of(forms.document_from(request.POST, before))


def _checked(text: str, topic: str | None, sample: str) -> Context:
    schema, faults = checks.schema_checked(text, topic)
    found: Context = {"faults": faults, "checked": not faults}
    if schema is not None and sample.strip():
        found["claimed"], found["refused"] = checks.columns_claimed(schema, sample)
    return found


@never_cache
def versions(request: HttpRequest, topic: str) -> HttpResponse:
    """What was saved of a topic and by whom; on POST an older version counts again, or what is shipped."""
    user = reader(request)
    if not user.is_staff:
        raise services.NotSteward(_("Only a steward may change topics."))
    rows = TopicDocument.objects.filter(topic=topic, dataset="").select_related("person").order_by("-version")
    if topic not in topics() and not rows:
        raise Http404(topic)
    context: Context = {"topic": topic, "rows": rows, "origin": getattr(found_topics().get(topic), "origin", None)}
    if request.method == "POST":
        try:
            _change(request, topic)
            return redirect("knowledge:topic-versions", topic=topic)
        except KnowledgeError as error:
            return render(request, "knowledge/editor/versions.html", {**context, "error": error}, status=400)
    return render(request, "knowledge/editor/versions.html", context)


def _change(request: HttpRequest, topic: str) -> None:
    user = reader(request)
    number = request.POST.get("version", "")
    if request.POST.get("action") == "withdraw":
        services.topic_withdraw(topic=topic, person=user)
        messages.success(request, _("The saved texts are out of use."))
        return
    saved = services.topic_restore(topic=topic, version=int(number) if number.isdigit() else 0, person=user)
    messages.success(request, _("Saved as version %(number)s.") % {"number": saved.version})
