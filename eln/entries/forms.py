"""What the entry list can be filtered by."""

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
