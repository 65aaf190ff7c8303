"""Images and maps of a file on its entry's page: the right plane, with its directions, as a picture."""

import io
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from eln.entries.figure import aspect, axis_ticks, display_size, scale_bar, si_prefix, ticks
from eln.entries.grids import grid_view
from eln.entries.models import Attachment
from eln.entries.pictures import colouring, colours, levels, picture
from eln.filing.services import file_parsed
from ingest.parsers.protocol import Channel, GridAxis
from ingest.parsing.arrays import arrays_place, arrays_write
from ingest.parsing.result import described
from tests.builders.eln import a_parsed_file, a_person, a_receipt


def a_map(unit: str | None = "nm") -> Channel:
    """Two planes of 3 rows and 4 columns; one cell of the second is missing."""
    values = np.arange(24.0)
    values[23] = np.nan
    axes = (GridAxis("bias", 2, -1.0, 2.0, "V"), GridAxis("y", 3, 0.0, 5.0, "nm"), GridAxis("x", 4, 0.0, 5.0, "nm"))
    return Channel("Height", values, unit=unit, grid=axes)


def pixels(data: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_colours_rise_in_lightness_from_end_to_end() -> None:
    lightness = colours().astype(float) @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(lightness) > -1).all() and lightness[-1] - lightness[0] > 190


def test_a_small_map_is_enlarged_and_missing_cells_are_see_through() -> None:
    shown = pixels(picture(a_map(), plane=1))
    assert shown.shape[0] * 4 == shown.shape[1] * 3 and shown.shape[1] >= 256
    assert shown[0, 0, 3] == 255 and shown[-1, -1, 3] == 0
    assert shown[0, 0, :3].sum() < shown[-1, -shown.shape[1] // 2, :3].sum()


def test_a_photograph_stays_grey_and_one_bright_pixel_does_not_darken_it() -> None:
    cells = np.tile(np.arange(100.0), 100)
    cells[0] = 1e9
    channel = Channel("brightness", cells, grid=(GridAxis("row", 100), GridAxis("column", 100)))
    low, high = levels(cells.reshape(100, 100))
    assert (low, high) == pytest.approx((0, 99), abs=1)
    shown = pixels(picture(channel))
    assert (shown[..., 0] == shown[..., 1]).all() and shown[50, -1, 0] > 250


def test_the_view_names_the_plane_where_it_lies() -> None:
    entries = [described(Channel("time", np.arange(3.0))), described(a_map())]
    view = grid_view(7, entries, chosen=0, plane=1)
    assert view is not None
    assert (view["planes"], view["position"][0]["at"], view["across"]["last"]) == (2, 1.0, 15.0)
    assert grid_view(7, entries[:1]) is None
    assert grid_view(7, entries, chosen=99, plane=99) == view


def test_an_empty_picture_is_not_the_first_to_be_shown() -> None:
    empty = Channel("Z forward", np.zeros(12), grid=(GridAxis("row", 3), GridAxis("column", 4)))
    entries = [described(empty), described(a_map())]
    view, asked = grid_view(7, entries), grid_view(7, entries, chosen=0)
    assert view is not None and asked is not None
    assert (view["chosen"], asked["chosen"]) == (1, 0)
    assert grid_view(7, entries[:1]) is not None


def direction(size: int, step: float, unit: str | None, start: float = 0.0) -> dict[str, Any]:
    return {"name": "x", "size": size, "start": start, "step": step, "unit": unit}


def test_ticks_are_round_and_stand_in_the_middle_of_their_pixel() -> None:
    assert [label for _, label in ticks(-0.93, 1.02)] == ["-0.5", "0", "0.5", "1"]
    assert [label for _, label in ticks(293.1, 293.4)] == ["293.1", "293.2", "293.3", "293.4"]
    assert ticks(5.0, 5.0) == [] and ticks(float("nan"), 1.0) == []
    assert axis_ticks(direction(10, 1.0, None), 5)[0] == {"at": 5.0, "label": "0"}
    falling = axis_ticks(direction(10, -2.0, "nm", 20.0))
    assert [tick["at"] for tick in falling] == sorted((tick["at"] for tick in falling), reverse=True)
    assert all(float(tick["label"]).is_integer() for tick in axis_ticks(direction(2, 1.0, None)))


def test_a_picture_is_true_to_scale_where_both_directions_have_one_unit() -> None:
    assert aspect(direction(100, 1.0, "nm"), direction(100, 3.0, "nm")) == pytest.approx(3)
    assert aspect(direction(4, 1.0, "nm"), direction(4000, 1.0, "eV")) == 2
    width, height = display_size(0.5)
    assert (width, height) == (230, 460)


def test_a_scale_bar_is_round_and_only_for_lengths() -> None:
    bar = scale_bar(direction(768, 0.0056, "um"), direction(1024, 0.0056, "um"))
    assert bar is not None and bar["label"] == "2 µm" and bar["width"] == pytest.approx(34.88, abs=0.01)
    assert scale_bar(direction(9, 1.0, "V"), direction(9, 1.0, "nm")) is None


def test_colours_of_small_lengths_are_told_with_a_prefix() -> None:
    assert si_prefix(3.2e-6, "m") == (1e-6, "µ") and si_prefix(3.2e-6, "m/s") == (1.0, "")
    height = Channel("Height", np.linspace(1e-9, 9e-9, 100), unit="m", grid=(GridAxis("y", 10), GridAxis("x", 10)))
    shown = colouring(height)
    assert shown["bar_unit"] == "nm" and 1 < shown["low"] < shown["high"] < 9
    assert [tick["label"] for tick in shown["bar"]] == ["2", "4", "6", "8"] and shown["stops"][-1]["colour"] > "#e0"


def test_an_image_of_one_value_has_colours_all_the_same() -> None:
    flat = Channel("Z", np.full(16, 2e-11), unit="m", grid=(GridAxis("y", 4), GridAxis("x", 4)))
    assert colouring(flat)["low"] == pytest.approx(20) and len(np.unique(pixels(picture(flat))[..., :3])) <= 3


@pytest.mark.django_db
def test_the_page_shows_the_map_and_only_to_those_who_may_see_it() -> None:
    ada, eve = a_person("ada"), a_person("eve")
    channels = [a_map(), Channel("t", np.arange(5.0), unit="s")]
    parsed = a_parsed_file(a_receipt(b"x", name="scan.sxm"), document={"channels": [described(c) for c in channels]})
    arrays_place(arrays_write(channels), parsed.pk)
    attachment = file_parsed(parsed)
    assert attachment is not None
    client = Client()
    client.force_login(ada)
    figure = client.get(reverse("eln:attachment-grid", args=[attachment.pk]), {"plane": "1"}).content.decode()
    assert "Height" in figure and "an image of 3 rows and 4 columns" in figure and 'type="range"' in figure
    address = reverse("eln:attachment-picture", args=[attachment.pk])
    answer = client.get(address, {"plane": "1"})
    assert answer["Content-Type"] == "image/png" and pixels(answer.content).shape[2] == 4
    assert client.get(address, {"plane": "1"}, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert client.get(address, {"channel": "9"}).status_code == 404
    assert "linearGradient" in figure and "style=" not in figure
    rows = (
        client.get(reverse("eln:attachment-cells-csv", args=[attachment.pk]), {"plane": "1"})
        .content.decode()
        .splitlines()
    )
    assert rows[0].startswith("Height [nm]: y [nm] \\ x [nm],0,5,10,15") and rows[3] == "10,20.0,21.0,22.0,"
    cells = client.get(reverse("eln:attachment-cells-npy", args=[attachment.pk]))
    assert np.load(io.BytesIO(cells.content)).shape == (2, 3, 4) and "attachment" in cells["Content-Disposition"]
    stranger = Client()
    stranger.force_login(eve)
    Attachment.objects.filter(pk=attachment.pk).update(project=_closed(ada))
    assert stranger.get(address).status_code == 404


def _closed(owner: Any) -> Any:
    from tests.builders.eln import a_project

    return a_project("closed", owner)
