"""What people type: the filters of the entry list, and whole numbers."""

from django import forms


class EntryFilter(forms.Form):
    """Every field may stay empty; a bad date is told beside its field and not used."""

    text = forms.CharField(required=False, max_length=300)
    instrument = forms.CharField(required=False, max_length=80)
    technique = forms.CharField(required=False, max_length=80)
    sample = forms.CharField(required=False, max_length=120)
    project = forms.CharField(required=False, max_length=80)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)


def whole(text: str) -> int | None:
    """The number that `text` spells in at most 19 digits; none for anything else."""
    return int(text) if text.isdecimal() and len(text) <= 19 else None
