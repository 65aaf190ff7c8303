"""Filter of analysis: {{ job|titled }}, the title of a job or model in the reader's language."""

from django import template
from django.utils.translation import gettext as _

from analysis.jobs.models import Job
from analysis.predictors.models import Predictor
from analysis.web.forms import spoken
from knowledge.topics.schema import topics

register = template.Library()


@register.filter
def titled(thing: Job | Predictor) -> str:
    """Topic and property by their labels where the data came from a query, else the stored title."""
    if isinstance(thing, Predictor):
        return _of_origin(thing.card["data"]["origin"], thing.title)
    if thing.kind == Job.Kind.PREDICT and thing.predictor is not None:
        rows = thing.title.rpartition(": ")[2]
        return _("{title}: prediction of {rows} rows").format(title=titled(thing.predictor), rows=rows)
    return _of_origin(thing.origin, thing.title)


def _of_origin(origin: dict[str, object], stored: str) -> str:
    query = origin.get("query")
    topic = topics().get(str(query.get("topic"))) if isinstance(query, dict) else None
    found = topic.property(str(origin.get("target"))) if topic else None
    return f"{spoken(topic.label)}: {spoken(found.label)}" if topic and found else stored
