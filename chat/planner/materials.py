"""Which materials a question names, and the space group said with each."""

from dataclasses import replace

from chat.planner.domain import Elements, Material
from chat.planner.reading import Reading, numbers_of


def materials_in(reading: Reading) -> tuple[Material, ...]:
    """The materials named, with their space groups; their places go to `materials_at`."""
    reading.materials_at = []
    found: list[Material] = []
    for index, token in enumerate(reading.tokens):
        material = token.senses.get("material")
        if not isinstance(material, Material):
            continue
        if token.has("element") and _is_listed(reading, index):
            continue
        reading.materials_at.append(index)
        found.append(material)
    if not found:
        found = _elements_compared(reading) or _element_as_material(reading)
    if not found:
        return ()
    return tuple(dict.fromkeys(_placed(reading, found)))


def number_as_spacegroup(reading: Reading) -> None:
    """A bare number right after a formula is its space group: 'Bi2Se3 166'."""
    for index in reading.materials_at:
        place = index + 1
        between = reading.tokens[place].text.casefold() if place < len(reading.tokens) else ""
        if between == "in" or (between in (",", "，") and _stands_alone(reading, place + 1)):
            place += 1
        token = reading.tokens[place] if place < len(reading.tokens) else None
        value = token.senses.get("number") if token else None
        if (
            token
            and isinstance(value, float)
            and set(token.senses) == {"number"}
            and value in range(1, 231)
            and token.text.isdigit()
        ):
            reading.tokens[place] = replace(token, senses={"spacegroup": (int(value),)})
    reading.materials = tuple(dict.fromkeys(_placed(reading, list(reading.materials)))) if reading.materials else ()


def _is_listed(reading: Reading, index: int) -> bool:
    """Whether a lone element symbol stands in a condition ('containing Sb') rather than for the pure element."""
    others = [i for i, t in enumerate(reading.tokens) if t.has("material", "element", "element_list") and i != index]
    if any(reading.tokens[i].has("material") and not reading.tokens[i].has("element") for i in others):
        return True
    near = reading.tokens[max(0, index - 3) : index]
    if any(
        t.has("contain", "without", "only", "either", "not") and t.text.casefold() not in ("is not", "isn't")
        for t in near
    ):
        return True
    after = reading.tokens[index + 1 : index + 3]
    if any(
        t.has("material_word", "free", "system") or t.text.casefold() in ("based", "containing", "rich", "bearing")
        for t in after
    ):
        return True
    return bool(others) or reading.counts() or reading.lists()


def _elements_compared(reading: Reading) -> list[Material]:
    """'Is Au heavier than Ag?': elements set against each other are the pure elements."""
    places = [i for i, t in enumerate(reading.tokens) if t.has("element") and not t.has("compound")]
    words = [reading.tokens[i].senses["element"] for i in places]
    compared = any(
        isinstance(v := t.senses.get("adjective"), tuple) and v[1] in ("more", "less") for t in reading.tokens
    )
    stated = any(reading.is_numeric(name) for name in reading.asked() if name != "nelements") and not reading.lists()
    numeric = reading.has("more", "less") and any(
        reading.is_numeric(str(t.senses.get("property"))) for t in reading.tokens
    )
    if (
        len(places) < 2
        or not (compared or numeric or stated)
        or reading.has("contain", "class", "count", "material_word", "number")
    ):
        return []
    if not all(isinstance(word, Elements) and not word.family for word in words):
        return []
    reading.materials_at.extend(places)
    return [Material(word.symbols[0]) for word in words if isinstance(word, Elements)]


def _element_as_material(reading: Reading) -> list[Material]:
    """'the class of bismuth': an element's name alone is the pure element, where no list or count is asked."""
    places = [i for i, t in enumerate(reading.tokens) if t.has("element") and not t.has("compound")]
    if (
        len(places) != 1
        or _is_listed(reading, places[0])
        or not any(t.has("property", "class") for t in reading.tokens)
    ):
        return []
    word = reading.tokens[places[0]].senses["element"]
    if (
        not isinstance(word, Elements)
        or word.family
        or reading.superlative()
        or any(t.has("class", "similar") for t in reading.tokens)
    ):
        return []
    reading.materials_at.append(places[0])
    return [Material(word.symbols[0])]


def _placed(reading: Reading, found: list[Material]) -> list[Material]:
    """Each material with the space group named next to it."""
    places = {i: numbers_of(t) for i, t in enumerate(reading.tokens) if t.has("spacegroup")}
    if not places:
        return found
    if len(found) == 1:
        numbers = [number for several in places.values() for number in several]
        return [replace(found[0], spacegroup=number) for number in numbers] if len(numbers) <= 4 else found
    placed = []
    for order, (index, material) in enumerate(zip(reading.materials_at, found, strict=False)):
        following = reading.materials_at[order + 1] if order + 1 < len(reading.materials_at) else len(reading.tokens)
        own = [n for place, numbers in places.items() if index < place < following for n in numbers]
        placed.append(replace(material, spacegroup=own[0]) if own else material)
    return placed


def _stands_alone(reading: Reading, place: int) -> bool:
    """Whether a number here counts nothing: the question ends after it, or a clause does."""
    if place >= len(reading.tokens):
        return False
    after = reading.tokens[place + 1 : place + 2]
    return not after or after[0].has("break", "soc", "nosoc")
