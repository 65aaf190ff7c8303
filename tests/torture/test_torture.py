"""The short form of `make torture`: the same parts, less of each; every row counted and compared."""

import pytest

from tests.torture.clocks import jumps
from tests.torture.kills import kills
from tests.torture.spools import full_disk, torn_page


@pytest.mark.slow
def test_kills_of_agent_and_server_lose_nothing_and_double_nothing() -> None:
    difference, more = kills(8, seed=4)
    assert difference.clean, (difference, more)
    assert difference.sent == difference.found > 1000
    assert more["kills"]["agent"] and more["kills"]["server"] and more["refused"] == 0


@pytest.mark.slow
def test_a_torn_page_costs_at_most_what_lay_on_it_and_is_noticed() -> None:
    told = [torn_page(seed) for seed in range(10)]
    assert all(one["doubled"] == 0 for one in told)
    assert all(one["noticed"] for one in told if one["lost"]), "nothing is missed in silence"
    assert all(one["lost"] <= 60 for one in told if not one["numbered"]), told
    assert sum(one["noticed"] for one in told) >= 3


@pytest.mark.slow
def test_a_disk_that_is_really_full_pauses_the_source_and_loses_no_line() -> None:
    try:
        told = full_disk()
    except PermissionError as error:
        pytest.skip(str(error))
    assert told["same"] and told["arrived"] == told["lines"]
    assert told["free_when_full"] < 12_000_000


@pytest.mark.slow
def test_a_clock_that_jumps_by_an_hour_loses_doubles_and_alters_nothing() -> None:
    told = jumps()
    assert (told["found"], told["lost"], told["doubled"], told["altered"]) == (told["sent"], 0, 0, 0)
    assert told["offsets"] == [-3600, 0, 3600, 0]
