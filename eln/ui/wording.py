"""Sentences that ingest writes in English (why an alert was raised, why a file was kept unread), in the reader's language.

A sentence is stored once, for readers of both languages; it is put into words again when it is shown. One that no pattern
knows, such as that of somebody's own parser, stays as it is.
"""

import re
from collections.abc import Sequence

from django.utils.translation import gettext, gettext_noop

from eln.ui.quantity import pretty_unit

PATTERNS: Sequence[tuple[str, str]] = (
    (
        r"No value for (?P<now>\S+) s; this channel usually has one every (?P<usual>\S+) s\.",
        gettext_noop("No value for {now} s; this channel usually has one every {usual} s."),
    ),
    (
        r"The reading has been exactly (?P<value>\S+) for (?P<n>\S+) points; it usually changes within (?P<m>\S+)\.",
        gettext_noop("The reading has been exactly {value} for {n} points; it usually changes within {m}."),
    ),
    (
        r"The instrument sent infinity instead of a value\.",
        gettext_noop("The instrument sent infinity instead of a value."),
    ),
    (
        r"(?P<value>.+) is a code for over-range or off: nothing before exceeded (?P<most>\S+)\.",
        gettext_noop("{value} is a code for over-range or off: nothing before exceeded {most}."),
    ),
    (
        r"(?P<value>.+) is above the channel's upper limit of (?P<limit>.+)\.",
        gettext_noop("{value} is above the channel's upper limit of {limit}."),
    ),
    (
        r"(?P<value>.+) is below the channel's lower limit of (?P<limit>.+)\.",
        gettext_noop("{value} is below the channel's lower limit of {limit}."),
    ),
    (
        r"(?P<value>.+) where (?P<usual>.+) was expected: (?P<times>\S+) times the usual noise\.",
        gettext_noop("{value} where {usual} was expected: {times} times the usual noise."),
    ),
    (
        r"The reading has moved by (?P<away>.+) against its set point, (?P<times>\S+) times its noise, "
        r"and nothing was changed on purpose\.",
        gettext_noop(
            "The reading has moved by {away} against its set point, {times} times its noise, "
            "and nothing was changed on purpose."
        ),
    ),
    (
        r"The reading has moved by (?P<away>.+) against its level, (?P<times>\S+) times its noise, "
        r"and nothing was changed on purpose\.",
        gettext_noop(
            "The reading has moved by {away} against its level, {times} times its noise, and nothing was changed on purpose."
        ),
    ),
    (
        r"(?P<text>.+) is no technique of the registry\.",
        gettext_noop("{text} is no technique of the registry."),
    ),
    (
        r"(?P<text>.+) is no time zone; write it as for example Europe/Berlin\.",
        gettext_noop("{text} is no time zone; write it as for example Europe/Berlin."),
    ),
    (
        r"(?P<channel>.+): (?P<text>.+) is no quantity of the registry\.",
        gettext_noop("{channel}: {text} is no quantity of the registry."),
    ),
    (
        r"(?P<channel>.+): (?P<text>.+) is no unit; write it as for example degC, mbar, 1/cm, A/cm\^2\.",
        gettext_noop("{channel}: {text} is no unit; write it as for example degC, mbar, 1/cm, A/cm^2."),
    ),
    (
        r"(?P<channel>.+): (?P<unit>.+) is no unit of (?P<quantity>.+) \(usual: (?P<units>.+)\)\.",
        gettext_noop("{channel}: {unit} is no unit of {quantity} (usual: {units})."),
    ),
    (r"a new run began", gettext_noop("a new run began")),
    (r"no data for (?P<minutes>\d+) minutes", gettext_noop("no data for {minutes} minutes")),
    (r"nothing was changed for (?P<minutes>\d+) minutes", gettext_noop("nothing was changed for {minutes} minutes")),
    (
        r"(?P<size>\d+) bytes are here, but not the (?P<whole>\d+) bytes that its sender shipped",
        gettext_noop("{size} bytes are here, but not the {whole} bytes that its sender shipped"),
    ),
    (r"the file is empty", gettext_noop("the file is empty")),
    (r"(?P<rest>.+): no reader yet", gettext_noop("{rest}: no reader yet")),
    (r"text of an unknown layout: (?P<rest>.+)", gettext_noop("text of an unknown layout: {rest}")),
    (r"text of an unknown layout", gettext_noop("text of an unknown layout")),
    (
        r"binary file of an unknown format that begins with (?P<text>.+)",
        gettext_noop("binary file of an unknown format that begins with {text}"),
    ),
    (r"binary file of an unknown format", gettext_noop("binary file of an unknown format")),
    (r"XML with the root element (?P<name>.+)", gettext_noop("XML with the root element {name}")),
    (r"damaged zip archive", gettext_noop("damaged zip archive")),
    (r"no table of numbers in this text", gettext_noop("no table of numbers in this text")),
    (
        r"no table of numbers in this text, or one without any header to say what its only column is",
        gettext_noop("no table of numbers in this text, or one without any header to say what its only column is"),
    ),
    (
        r"mostly text: only (?P<n>\d+) of (?P<m>\d+) lines look like rows of a table",
        gettext_noop("mostly text: only {n} of {m} lines look like rows of a table"),
    ),
    (
        r"(?P<rest>[^:]+): (?P<parser>[a-z][a-z0-9_]+): (?P<text>.+)",
        gettext_noop("{rest}: {parser} could not read it: {text}"),
    ),
)


def worded(text: str, patterns: Sequence[tuple[str, str]] = PATTERNS) -> str:
    """The sentence in the reader's language; one that is not known stays as it is.

    A pattern's group `rest` holds a sentence of its own, which is put into words likewise.
    """
    for pattern, template in patterns:
        if found := re.fullmatch(pattern, text):
            parts = {
                name: worded(part, patterns) if name == "rest" else part for name, part in found.groupdict().items()
            }
            return _units_shown(gettext(template).format(**parts))
    return _units_shown(text)


def _units_shown(text: str) -> str:
    """Units as people write them, where a figure stands before them."""
    return re.sub(r"(?<=\d )(degC|um|uA|uV|uW|angstrom|ohm)\b", lambda found: pretty_unit(found[0]), text)
