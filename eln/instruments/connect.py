"""The wizard that connects an instrument: what it is, one command to paste, and a page that waits until data come."""

from dataclasses import dataclass
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from eln.accounts.scope import Scope
from eln.accounts.selectors import project_chosen, projects_writable, reader
from eln.instruments.selectors import instrument_list
from eln.instruments.services import code_cancel, code_create, placement_set
from ingest.errors import BadInput
from ingest.gateway.models import Agent, EnrolmentCode, Instrument, Receipt
from ingest.gateway.services import instrument_ensure
from ingest.schemas.registry import techniques
from ingest.telemetry.models import FrameBatch


def new(request: HttpRequest) -> HttpResponse:
    """A new instrument; then on to its connection."""
    user = reader(request)
    scope = Scope.of(user)
    if not user.is_staff:
        raise BadInput(_("Only administrators add instruments."))
    context: dict[str, object] = {"techniques": techniques().values(), "projects": projects_writable(scope=scope)}
    if request.method != "POST":
        return render(request, "eln/instruments/new.html", context)
    title = request.POST.get("title", "").strip()
    slug = request.POST.get("slug", "").strip() or slugify(title)[:80]
    taken = Instrument.objects.filter(slug=slug).exists()
    if not title or not slug or taken:
        said = _("Give a title, and a short name of Latin letters and digits.")
        if taken:
            said = _("There is an instrument of this short name already.")
        return render(request, "eln/instruments/new.html", {**context, "said": said, "given": request.POST}, status=400)
    given = {name: request.POST.get(name, "").strip() for name in ("technique", "location", "title_zh")}
    made = instrument_ensure(slug=slug, title=title, **given)
    project = project_chosen(scope=scope, slug=request.POST.get("project", ""))
    if project is not None:
        placement_set(scope=scope, instrument=made, project=project)
    return redirect("eln:connect", slug=made.slug)


def connect(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a code; on POST show it once, with the command to paste, and wait for the agent."""
    scope = Scope.of(reader(request))
    found = get_object_or_404(instrument_list(scope=scope), slug=slug)
    context: dict[str, object] = {"instrument": found}
    if request.method == "POST":
        code, row = code_create(scope=scope, instrument=found)
        context |= {
            "code": row,
            "commands": commands(f"{request.scheme}://{request.get_host()}", code),
            "progress": progress(row),
        }
    return render(request, "eln/instruments/connect.html", context)


def commands(address: str, code: str) -> list[tuple[str, str, str]]:
    """(id, label, one line to paste) for each kind of computer."""
    enrol = f"lodestone-agent enrol --server {quote(address, safe=':/')} --code {code} --config agent.toml"
    run = "lodestone-agent run --config agent.toml"
    return [
        ("linux", "Linux, macOS", f"{enrol} && {run}"),
        ("windows", "Windows PowerShell", f"{enrol}; if ($?) {{ {run} }}"),
    ]


@dataclass(frozen=True)
class Progress:
    """How far a connection is. `state`: waiting, enrolled, done, expired; `points` and `files` since the enrolment."""

    code: EnrolmentCode
    agent: Agent | None
    state: str
    points: bool
    files: int
    faults: list[str]


def progress(code: EnrolmentCode) -> Progress:
    """Whether the agent has enrolled, and whether anything came from it."""
    agent = code.agent
    if agent is None:
        state = "expired" if code.expires <= timezone.now() else "waiting"
        return Progress(code, None, state, False, 0, [])
    points = FrameBatch.objects.filter(agent=agent, points__gt=0).exists()
    files = Receipt.objects.filter(agent=agent).count()
    sources = agent.health.get("sources") or [] if isinstance(agent.health, dict) else []
    faults = [f"{one.get('name')}: {one['error']}" for one in sources if isinstance(one, dict) and one.get("error")]
    return Progress(code, agent, "done" if points or files else "enrolled", points, files, faults)


def waiting(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The part of the page that waits, asked for again and again."""
    scope = Scope.of(reader(request))
    found = get_object_or_404(instrument_list(scope=scope), slug=slug)
    code = get_object_or_404(EnrolmentCode.objects.select_related("agent", "instrument"), pk=pk, instrument=found)
    return render(
        request, "eln/instruments/progress.html", {"instrument": found, "code": code, "progress": progress(code)}
    )


@require_POST
def cancel(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Nobody can use the code any more."""
    scope = Scope.of(reader(request))
    found = get_object_or_404(instrument_list(scope=scope), slug=slug)
    code_cancel(scope=scope, code=get_object_or_404(EnrolmentCode, pk=pk, instrument=found))
    return redirect("eln:connect", slug=slug)
