"""What a class of materials means."""

from chat.planner.reading import Reading


def only_defines(reading: Reading) -> bool:
    """Whether nothing but the meaning of a word is asked."""
    first = reading.lead()
    others = [*reading.found.elements, *reading.found.spacegroups, *reading.found.systems, *reading.found.numbers]
    plural_list = any(t.text.casefold() in ("what are the", "which") for t in reading.tokens)
    return (
        not others
        and first is not None
        and not plural_list
        and not reading.has("count", "max", "min", "adjective", "average", "percent", "number", "property")
    )
