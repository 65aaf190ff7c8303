"""The reason of a finding as a sentence in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from knowledge.quality.models import Finding

UNITS = {
    "10^3": gettext_noop("a factor of 1000, as between m and mm, or K and mK"),
    "10^6": gettext_noop("a factor of a million, as between S/m and S/um"),
    "100": gettext_noop("a factor of 100, as between per cent and fractions, or S/m and S/cm"),
    "10": gettext_noop("a factor of 10, as between angstrom and nm, or GPa and kbar"),
}


def reason(finding: Finding) -> str:
    """Why a steward should look at it."""
    detail = finding.detail
    match finding.kind:
        case Finding.Kind.CONFLICT:
            return _apart(finding, _("Two sources say different things of the same entry."))
        case Finding.Kind.REPEATED:
            return _apart(finding, _("One source says different things of the same entry."))
        case Finding.Kind.DUPLICATE:
            return _("Two records of one data set say exactly the same.")
        case Finding.Kind.COPY:
            return _(
                "Two sources agree to the last digit: one is probably copied from the other, and is no second witness."
            )
        case Finding.Kind.OUTLIER:
            return _outlier(finding)
        case Finding.Kind.UNIT:
            return _unit(finding)
        case Finding.Kind.IMPOSSIBLE:
            return _("Outside what is possible: %(low)s to %(high)s.") % {
                "low": _end(detail.get("low")), "high": _end(detail.get("high")),
            }  # fmt: skip
    return str(detail.get("reason", ""))


def _end(value: float | None) -> str:
    return "…" if value is None else f"{value:g}"


def _apart(finding: Finding, sentence: str) -> str:
    if 0 < finding.size < 1:
        return f"{sentence} " + _("They are %(percent)s %% apart.") % {"percent": round(100 * finding.size)}
    return sentence


def _outlier(finding: Finding) -> str:
    detail = finding.detail
    told = {
        "score": f"{abs(float(detail['score'])):g}", "median": f"{float(detail['median']):.4g}", "count": detail["count"],
        "family": detail["family"],
    }  # fmt: skip
    if detail["family"]:
        return (
            _(
                "%(score)s robust standard deviations from the median %(median)s of %(count)s values of the family %(family)s."
            )
            % told
        )
    return _("%(score)s robust standard deviations from the median %(median)s of %(count)s values.") % told


def _unit(finding: Finding) -> str:
    detail = finding.detail
    told = {"factor": _(UNITS[detail["factor"]]) if detail["factor"] in UNITS else detail["factor"]}
    if "materials" in detail:
        told |= {"materials": detail["materials"]}
        return (
            _("The values of %(materials)s materials differ from the other data set's by one factor: %(factor)s.")
            % told
        )
    return _("The two values differ by a known factor: %(factor)s.") % told
