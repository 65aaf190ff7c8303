"""Words of the pages for what every record has."""

from django.utils.translation import gettext_lazy as _

yes, no = _("yes"), _("no")
FIXED_LABELS = {
    "formula": _("formula"),
    "formula_source": _("formula as the source writes it"),
    "elements": _("element"),
    "nelements": _("number of elements"),
    "spacegroup_number": _("space group"),
    "external_id": _("id at the source"),
    "dataset": _("data set"),
    "kind": _("kind"),
    "topic": _("topic"),
    "title": _("title"),
    "record": _("record"),
}
KIND_LABELS = {
    "measurement": _("measured"),
    "literature": _("from the literature"),
    "computation": _("computed"),
    "prediction": _("predicted"),
}
KIND_BADGES = {
    "measurement": "badge--ok",
    "literature": "badge--info",
    "computation": "",
    "prediction": "badge--predicted",
}
NODE_KINDS = {
    "material": _("material"),
    "element": _("element"),
    "spacegroup": _("space group"),
    "class": _("class"),
    "prototype": _("prototype"),
    "dataset": _("data set"),
    "record": _("record"),
    "entry": _("notebook entry"),
}
RELATIONS = {
    "contains": _("contains"),
    "has_spacegroup": _("has the space group"),
    "described_by": _("is described by"),
    "from": _("comes from"),
    "measured_in": _("was measured in"),
}
SAME_LABELS = {
    "material": _("same formula and space group"),
    "composition": _("same formula"),
    "prototype": _("same structure prototype"),
    "spacegroup": _("same space group"),
    "sample": _("same sample"),
}
VIEW_LABELS = {"table": _("Table"), "scatter": _("Scatter plot"), "distribution": _("Distribution")}
RADIATION_LABELS = {
    "CuKa": "Cu Kα", "MoKa": "Mo Kα", "CoKa": "Co Kα", "AgKa": "Ag Kα", "FeKa": "Fe Kα", "CrKa": "Cr Kα",
}  # fmt: skip
