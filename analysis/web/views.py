"""Pages of analysis: train, jobs, models, predict."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from analysis.datasets.domain import Dataset
from analysis.datasets.query import query_dataset
from analysis.errors import BadDataset
from analysis.jobs import selectors as jobs
from analysis.jobs.models import Job
from analysis.jobs.reasons import reason_told
from analysis.jobs.services import job_cancel, job_retry
from analysis.jobs.wording import worded
from analysis.predictions.services import predict_formulas, predict_query
from analysis.predictors import selectors as predictors
from analysis.predictors.models import Predictor
from analysis.predictors.services import training_submit
from analysis.trainers.forms import PREFIX, form_of
from analysis.trainers.registry import DEFAULT, offered, trainer_get
from analysis.web.forms import PredictForm, TableForm, TrainForm
from analysis.web.parity import bands, scatter
from eln.accounts.models import User
from eln.accounts.scope import Scope
from ingest.errors import LodestoneError
from knowledge.query.filters import filter_text, parse_filter
from knowledge.query.types import Compare, Query
from knowledge.query.urls import query_from_params, query_to_params


def reader(request: HttpRequest) -> tuple[User, Scope]:
    """The person who asks, and what they may see; every page requires a login."""
    assert isinstance(request.user, User)  # noqa: S101 - LoginRequiredMiddleware
    return request.user, Scope.of(request.user)


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The reader's jobs and models."""
    _user, scope = reader(request)
    context = {"jobs": jobs.job_list(scope=scope)[:50], "models": predictors.predictor_list(scope=scope)[:50]}
    return render(request, "analysis/home.html", context)


def train(request: HttpRequest) -> HttpResponse:
    """Choose target, trainer and parameters for the data of a query (GET: in the address; POST: in a field)."""
    params = QueryDict(request.POST.get("query", "")) if request.method == "POST" else request.GET
    query = query_from_params(params)
    form = TrainForm(
        query, request.POST if request.method == "POST" else None, initial={"target": params.get("target", "")}
    )

    def read(target: str, scope: Scope) -> Dataset:
        return query_dataset(query, target=target, scope=scope, most_rows=settings.ANALYSIS.rows)

    submit = _submit(request, form, read)
    return submit or _train_page(request, form, query=query_to_params(query), plain=query)


def table(request: HttpRequest) -> HttpResponse:
    """The same for a table of one's own, sent with the form."""
    form = TableForm(request.POST if request.method == "POST" else None)
    return _submit(request, form, lambda target, _scope: _uploaded(request, target)) or _train_page(request, form)


def _uploaded(request: HttpRequest, target: str) -> Dataset:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from analysis.datasets.table import table_dataset, table_read

    sent = request.FILES.get("table")
    if sent is None:
        raise BadDataset(_("Choose a table to send: CSV or xlsx."))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table"
        path.write_bytes(sent.read())
        return table_dataset(table_read(path, name=sent.name, most_rows=settings.ANALYSIS.rows), target=target)


def _submit(request: HttpRequest, form: TrainForm, read: Any) -> HttpResponse | None:  # Any: (target, scope) -> Dataset
    """Submit what a valid form asks for; none when there is nothing to submit or something is wrong."""
    if request.method != "POST" or "change" in request.POST or not form.is_valid():
        return None
    user, scope = reader(request)
    asked = form.cleaned_data
    values = form_of(trainer_get(asked["trainer"]).params)(request.POST, prefix=PREFIX)
    if not values.is_valid():
        return None
    try:
        job = training_submit(
            dataset=read(asked["target"], scope),
            owner=user,
            trainer=asked["trainer"],
            params={name: value for name, value in values.cleaned_data.items() if value not in (None, "")},
            seed=asked["seed"],
            device=asked["device"],
            folds=asked["folds"],
            grouping=asked["grouping"],
        )
    except LodestoneError as error:
        form.add_error(None, error.message)
        return None
    return redirect("analysis:job", uid=job.uid)


def _train_page(request: HttpRequest, form: TrainForm, query: str = "", plain: Query | None = None) -> HttpResponse:
    chosen = form.data.get("trainer") or form.initial.get("trainer", DEFAULT)
    plugin = offered().get(str(chosen)) or trainer_get(DEFAULT)
    sent = request.POST if request.method == "POST" and "change" not in request.POST else None
    context = {
        "form": form,
        "params": form_of(plugin.params)(sent, prefix=PREFIX),
        "query": query,
        "asked": plain,
        "shown": filter_text(plain.where) if plain is not None and plain.where is not None else "",
        "is_table": plain is None,
        "wrong": request.method == "POST" and "change" not in request.POST,
    }
    return render(request, "analysis/train.html", context, status=400 if context["wrong"] else 200)


@require_GET
def job(request: HttpRequest, uid: str) -> HttpResponse:
    """One job: progress, log, result; the part that changes alone when HTMX asks."""
    _user, scope = reader(request)
    found = jobs.job_get(scope=scope, uid=uid)
    context = {
        "job": found,
        "reason": reason_told(found),
        "message": worded(found.message),
        "log": [(at, worded(text)) for at, text in jobs.log_lines(found)],
        "model": Predictor.objects.filter(job=found).first(),
        "filed": _filed(found),
    }
    partial = request.headers.get("HX-Request") == "true"
    return render(request, "analysis/job.html#live" if partial else "analysis/job.html", context)


def _filed(found: Job) -> str:
    """Address parameters of the search that shows what a prediction job filed."""
    if found.kind != Job.Kind.PREDICT or found.state != Job.State.DONE or found.predictor is None:
        return ""
    where = Compare("dataset", "starts", f"predictions-{found.predictor.uid}")
    return query_to_params(Query(where=where, kinds=("prediction",)))


@require_POST
def cancel(request: HttpRequest, uid: str) -> HttpResponse:
    """End a job."""
    _user, scope = reader(request)
    job_cancel(job=jobs.job_get(scope=scope, uid=uid))
    return redirect("analysis:job", uid=uid)


@require_POST
def retry(request: HttpRequest, uid: str) -> HttpResponse:
    """The same again, as a new job."""
    user, scope = reader(request)
    return redirect("analysis:job", uid=job_retry(job=jobs.job_get(scope=scope, uid=uid), owner=user).uid)


@require_GET
def model(request: HttpRequest, uid: str) -> HttpResponse:
    """The card of a model."""
    _user, scope = reader(request)
    found = predictors.predictor_get(scope=scope, uid=uid)
    validation = predictors.validation_read(found)
    context = {
        "model": found,
        "card": found.card,
        "scatter": scatter(validation) if found.task == "regression" else None,
        "confusion": list(zip(validation["classes"], validation["confusion"], strict=True))
        if found.task != "regression"
        else [],
        "classes": validation.get("classes", []),
        "folds": [(at + 1, fold) for at, fold in enumerate(found.card["validation"]["folds"])],
        "notes": [worded(note) for note in found.card["data"]["notes"]],
        "split": worded(found.card["validation"]["split"]),
        "form": PredictForm(),
        "predictions": found.predictions.all()[:20],
        "spread": found.card["validation"]["metrics"][f"{found.card['validation']['score']}_std"],
        "query": _origin(found),
    }
    return render(request, "analysis/model.html", context)


def _origin(found: Predictor) -> str:
    """Address parameters of the query the data came from, or nothing for a table."""
    from knowledge.query.codec import from_json

    query = found.card["data"]["origin"].get("query")
    return query_to_params(from_json({**query, "limit": 50})) if query else ""


@require_GET
def card(request: HttpRequest, uid: str) -> JsonResponse:
    """The card as JSON."""
    _user, scope = reader(request)
    found = predictors.predictor_get(scope=scope, uid=uid)
    return JsonResponse(
        {"model": found.uid, "files": found.files, **found.card}, json_dumps_params={"ensure_ascii": False}
    )


@require_GET
def parity(request: HttpRequest, uid: str) -> JsonResponse:
    """Columns of the parity plot."""
    _user, scope = reader(request)
    found = predictors.predictor_get(scope=scope, uid=uid)
    labels = {
        "truth": _("stated"),
        "ideal": _("ideal"),
        "middle": _("predicted, median"),
        "low": _("predicted, 5 %"),
        "high": _("predicted, 95 %"),
    }
    return JsonResponse(bands(predictors.validation_read(found), labels, found.unit))


@require_POST
def predict(request: HttpRequest, uid: str) -> HttpResponse:
    """Predict formulas or the materials of a filter; the result is filed as records of kind prediction."""
    user, scope = reader(request)
    found = predictors.predictor_get(scope=scope, uid=uid)
    text, topic, where = (request.POST.get(name, "").strip() for name in ("formulas", "topic", "filter"))
    if text:
        started = predict_formulas(predictor=found, texts=text.splitlines(), owner=user)
    elif not topic and not where:
        raise BadDataset(_("Give formulas, one a line, or choose a topic or a filter."))
    else:
        query = Query(topic=topic or None, where=parse_filter(where) if where else None)
        started = predict_query(predictor=found, query=query, scope=scope, owner=user)
    return redirect("analysis:job", uid=started.uid)
