"""Forms of analysis: what to train on what, and what to predict."""

from django import forms
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from analysis.datasets.query import targets_of
from analysis.trainers.registry import DEFAULT, offered
from knowledge.query.types import Query


def spoken(label: dict[str, str]) -> str:
    """A label in the reader's language."""
    language = (get_language() or "en").split("-")[0]
    return label.get(language) or label.get("en", "")


class TrainForm(forms.Form):
    """Target, trainer, split, seed; the trainer's own parameters stand in a form of their own."""

    target = forms.ChoiceField(label=_("What to predict"))
    trainer = forms.ChoiceField(label=_("Trainer"))
    grouping = forms.ChoiceField(
        label=_("How to judge"),
        choices=[
            ("composition", _("on compositions it has not seen")),
            ("chemical_system", _("on chemical systems it has not seen")),
            ("none", _("on random rows (may flatter)")),
        ],
    )
    folds = forms.IntegerField(label=_("Folds"), min_value=2, max_value=20, initial=5)
    seed = forms.IntegerField(
        label=_("Seed"),
        min_value=0,
        max_value=2**31 - 1,
        initial=0,
        help_text=_("The same seed and data give the same model."),
    )
    device = forms.ChoiceField(
        label=_("Device"), choices=[("auto", _("automatic")), ("cpu", "CPU"), ("cuda", "GPU (CUDA)")]
    )

    def __init__(self, query: Query, data: QueryDict | None = None, *, initial: dict[str, str] | None = None) -> None:
        super().__init__(data, initial={"trainer": DEFAULT, **(initial or {})})
        targets = [(item.id, spoken(item.label)) for item in targets_of(query)]
        self.fields["target"] = forms.ChoiceField(label=_("What to predict"), choices=targets)
        trainers = [(name, spoken(trainer.label)) for name, trainer in offered().items()]
        self.fields["trainer"] = forms.ChoiceField(label=_("Trainer"), choices=trainers)


class TableForm(TrainForm):
    """The same for a table of one's own."""

    def __init__(self, data: QueryDict | None = None, *, initial: dict[str, str] | None = None) -> None:
        super().__init__(Query(), data, initial=initial)
        self.fields["target"] = forms.CharField(label=_("Column to predict"), max_length=200)


class PredictForm(forms.Form):
    """Formulas, or a filter over stored materials."""

    formulas = forms.CharField(
        label=_("Formulas"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": "Bi2Se3 166\nSb2Te3"}),
        help_text=_("One a line, with the space group number where it is known."),
    )
    topic = forms.ChoiceField(label=_("or all materials of"), required=False)
    filter = forms.CharField(label=_("Filter"), required=False, max_length=2000, help_text='elements HAS "Bi"')

    def __init__(self, data: QueryDict | None = None) -> None:
        from knowledge.topics.schema import topics

        super().__init__(data)
        choices = [("", "–"), *((name, spoken(topic.label)) for name, topic in topics().items())]
        self.fields["topic"] = forms.ChoiceField(label=_("or all materials of"), choices=choices, required=False)
