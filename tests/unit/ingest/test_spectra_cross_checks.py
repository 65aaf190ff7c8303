"""The same measurement in two files of one program: what the binary reader gives equals what the text export says."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.parsing.sandbox import Limits, parse_isolated

pytestmark = pytest.mark.shared


def channels(shared: Path, file: str) -> dict[str, NDArray[np.float64]]:
    path = shared / "instruments" / file
    outcome = parse_isolated(path, path.name, Limits(seconds=60))
    assert outcome.status == "parsed", outcome.document["reason"]
    return {channel.name: channel.values for channel in outcome.channels if channel.values is not None}


def columns(shared: Path, file: str, skip: int, delimiter: str | None = None) -> NDArray[np.float64]:
    return np.loadtxt(shared / "instruments" / file, skiprows=skip, delimiter=delimiter)


def test_wire_binary_equals_its_text(shared: Path) -> None:
    found = channels(shared, "raman/renishaw-wdf/raman_example.wdf")
    text = columns(shared, "raman/renishaw-wdf/raman_example.txt", 1)
    np.testing.assert_allclose(found["Raman shift"], text[:, 0], atol=1e-6)
    np.testing.assert_allclose(found["intensity"], text[:, 1], atol=1e-6)


def test_xrdml_equals_the_csv_of_the_same_scan(shared: Path) -> None:
    found = channels(shared, "xrd/panalytical-xrdml-yadg/210520step1_30min.xrdml")
    csv = (
        (shared / "instruments/xrd/panalytical-xrdml-yadg/210520step1_30min.csv").read_text().split("[Scan points]")[1]
    )
    text = np.loadtxt(csv.strip().splitlines()[1:], delimiter=",")
    np.testing.assert_allclose(found["2Theta"], text[:, 0], atol=1e-6)
    np.testing.assert_allclose(found["intensity"], text[:, 1], atol=1e-9)


def test_the_vamas_export_agrees_with_the_text_export_of_the_same_survey(shared: Path) -> None:
    found = channels(shared, "xps/vamas/regular.vms")
    text = (shared / "instruments/xps/specs-xy-xml/MgFe2O4_small.xy").read_text().splitlines()
    rows = [line.split() for line in text if line and not line.startswith("#")][: len(found["counts"])]
    table = np.array(rows, dtype=np.float64)
    np.testing.assert_allclose(1486.61 - found["kinetic energy"], table[:, 0], atol=1e-6)
    np.testing.assert_allclose(found["counts"], table[:, 1] * 0.1, rtol=1e-3)


def test_the_map_text_and_the_container_hold_the_same_pattern(shared: Path) -> None:
    found = channels(shared, "xrd/dtu-rigaku-map/ZnO ALD training_001_2_20-000_-20-000.rasx")
    lines = (
        (shared / "instruments/xrd/dtu-rigaku-map/ZnO_training_map.txt")
        .read_text(encoding="utf-8-sig")
        .splitlines()[2:]
    )
    table = np.array([line.split("\t")[2:4] for line in lines], dtype=np.float64)
    np.testing.assert_allclose(found["TwoThetaTheta"], table[:, 0], atol=1e-6)
    ratio = table[:, 1] / found["intensity"]
    assert np.ptp(ratio) < 1e-3 * ratio.mean()  # counts against counts per second: one counting time for all
