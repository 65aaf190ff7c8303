"""A still picture of a unit cell as SVG, for where no 3D picture can be drawn; pure."""

import colorsys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from knowledge.chemistry.elements import elements

SIZE = 400.0
MARGIN = 30.0
EDGES = ((0, 1), (0, 2), (0, 4), (1, 3), (1, 5), (2, 3), (2, 6), (3, 7), (4, 5), (4, 6), (5, 7), (6, 7))
NEAR_FACE = 0.2  # angstrom: an atom this near to a face is drawn on the opposite one too
Points = NDArray[np.float64]


@cache
def _colours() -> dict[str, str]:
    text = (files("knowledge.crystals") / "colours.tsv").read_text(encoding="utf-8")
    return dict(line.split("\t") for line in text.split("\n")[1:] if line)


def colour(symbol: str) -> str:
    """The colour of an element, #rrggbb: the customary one of common elements, others spread over the hues by number."""
    if symbol in _colours():
        return _colours()[symbol]
    facts = elements().get(symbol)
    red, green, blue = colorsys.hls_to_rgb(((facts.number if facts else 0) * 0.381966) % 1.0, 0.52, 0.45)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def with_faces(sites: Sequence[Mapping[str, Any]], lengths: Sequence[float]) -> list[tuple[list[float], str]]:
    """Fractional positions with the commonest species of each site; those on a face stand on the opposite one too.

    lengths: of the cell's edges, angstrom.
    """
    found = []
    near = [NEAR_FACE / length for length in lengths]
    for site in sites:
        ends = [
            [v, v + 1] if v < eps else [v, v - 1] if v > 1 - eps else [v]
            for v, eps in zip(site["at"], near, strict=True)
        ]
        found += [([x, y, z], site["species"][0][0]) for x in ends[0] for y in ends[1] for z in ends[2]]
    return found


def _view(lattice: Points) -> Points:
    """Rows: right, up, towards the eye. The c axis points up where it can, seen a little from the side and from above."""
    up = lattice[2] / np.linalg.norm(lattice[2])
    side = lattice[0] - lattice[0] @ up * up
    side = side / np.linalg.norm(side)
    front = np.cross(side, up)
    turn, tilt = np.radians(24), np.radians(14)
    right = np.cos(turn) * side + np.sin(turn) * front
    towards = -np.sin(turn) * side + np.cos(turn) * front
    return np.array([right, np.cos(tilt) * up - np.sin(tilt) * towards, np.sin(tilt) * up + np.cos(tilt) * towards])


def drawing(cell: Mapping[str, Any]) -> str:
    """The cell and its atoms as an SVG document."""
    lattice = np.array(cell["lattice"], dtype=float)
    view = _view(lattice)
    corners = np.array([[i & 1, i >> 1 & 1, i >> 2 & 1] for i in range(8)], dtype=float) @ lattice @ view.T
    placed = with_faces(cell["sites"], [float(length) for length in np.linalg.norm(lattice, axis=1)])
    atoms = np.array([at for at, _symbol in placed], dtype=float).reshape(-1, 3) @ lattice @ view.T
    points = np.vstack([corners, atoms])
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    scale = (SIZE - 2 * MARGIN) / max(float((high - low).max()), 1e-6)

    def at(point: Points) -> tuple[float, float]:
        x, y = (point[:2] - (low + high) / 2) * scale
        return round(SIZE / 2 + float(x), 1), round(SIZE / 2 - float(y), 1)

    radius = min(13.0, max(4.0, scale * 0.45))
    lines = [_edge(at(corners[one]), at(corners[other])) for one, other in EDGES]
    order = np.argsort(atoms[:, 2])
    discs = [_disc(at(atoms[index]), radius, placed[index][1]) for index in order]
    symbols = list(dict.fromkeys(symbol for _at, symbol in placed))
    legend = [_key(index, symbol) for index, symbol in enumerate(symbols[:12])]
    title = escape(str(cell["formula"]))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE:g} {SIZE:g}" role="img"><title>{title}</title>'
    return "".join([head, *lines, *discs, *legend, "</svg>"])


def _edge(one: tuple[float, float], other: tuple[float, float]) -> str:
    return f'<line x1="{one[0]}" y1="{one[1]}" x2="{other[0]}" y2="{other[1]}" stroke="#7d8a96" stroke-width="1.2"/>'


def _disc(at: tuple[float, float], radius: float, symbol: str) -> str:
    fill = colour(symbol)
    return f'<circle cx="{at[0]}" cy="{at[1]}" r="{radius:.1f}" fill="{fill}" stroke="#3c4650" stroke-width=".8"/>'


def _key(index: int, symbol: str) -> str:
    y = 14 + 16 * index
    return (
        f'<circle cx="12" cy="{y}" r="5" fill="{colour(symbol)}" stroke="#3c4650" stroke-width=".8"/>'
        f'<text x="22" y="{y + 4}" font-family="sans-serif" font-size="12" fill="#7d8a96">{escape(symbol)}</text>'
    )
