"""Names that stand in records in English, in the reader's language where they are our own: data sets and places in files."""

import re

from django.utils.translation import gettext, gettext_noop

from knowledge.materials.presentation import property_label

OWN_TITLES = (
    gettext_noop("AFLOW library of crystallographic prototypes, as bundled with pymatgen"),
    gettext_noop("Well-known values of common materials"),
    gettext_noop("Growth runs of this laboratory's notebook"),
    gettext_noop("Materiae, catalogue of topological materials (snapshot 2019)"),
    gettext_noop("Topological Materials Arsenal (Nanjing University)"),
    gettext_noop("Topogivity, high-confidence predictions"),
    gettext_noop("Binary compounds of the Materials Project with PBE elastic moduli"),
)
PLACES = (
    (r"line (?P<number>\d+)", gettext_noop("line {number}")),
    (r"row (?P<number>\d+)", gettext_noop("row {number}")),
    (r"structure (?P<number>\d+)", gettext_noop("structure {number}")),
    (r"entry (?P<number>\d+)", gettext_noop("notebook entry {number}")),
)


def dataset_title(title: str) -> str:
    """A data set's title; one that Lodestone did not write stands as its source wrote it."""
    if title in OWN_TITLES:
        return gettext(title)
    if found := re.fullmatch(r"Predicted (?P<name>\w+) \((?P<trainer>\w+)\)", title):
        return gettext("Predicted %(property)s (%(trainer)s)") % {
            "property": property_label(None, found["name"]),
            "trainer": found["trainer"],
        }
    return title


def place_told(locator: str) -> str:
    """Where in a file something stands; an unknown spelling stays as it is."""
    for pattern, template in PLACES:
        if found := re.fullmatch(pattern, locator):
            return gettext(template).format(**found.groupdict())
    return locator
