"""Writes of samples."""

from django.db import transaction
from django.utils.translation import gettext as _

from eln.accounts.models import Project
from eln.accounts.scope import Scope
from eln.errors import ElnError, NotAllowed
from eln.samples.models import Sample


@transaction.atomic
def sample_create(
    *, scope: Scope, name: str, project: Project | None = None, formula: str = "", description: str = ""
) -> Sample:
    """A new sample; its name is unique in its project. Raises ElnError, NotAllowed."""
    name, formula, description = (text.replace("\0", "").strip() for text in (name, formula, description))
    if not name or len(name) > 120:
        raise ElnError(_("A sample needs a name of at most 120 characters."))
    if not scope.may_write(project.pk if project else None):
        raise NotAllowed(_("You may read this project, but not add to it."))
    if Sample.objects.filter(project=project, name=name).exists():
        raise ElnError(_("There is already a sample called {name} in this project.").format(name=name))
    return Sample.objects.create(project=project, name=name, formula=formula[:120], description=description)


def sample_ensure(*, name: str, project: Project | None) -> Sample | None:
    """The sample of this name in the project, made if it is new; none without a name. For stages."""
    name = name.strip()[:120]
    if not name:
        return None
    return Sample.objects.get_or_create(project=project, name=name)[0]
