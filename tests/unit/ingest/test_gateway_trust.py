"""Tokens that rotate and expire, configurations kept in versions, versions of the wire, numbers that come twice."""

import struct
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from ingest.errors import BadInput, Conflict
from ingest.gateway.configs import config_list, config_newest, config_state, config_write
from ingest.gateway.models import Agent
from ingest.gateway.services import agent_revoke
from tests.builders.ingest import TOKEN, an_agent, batch_bytes
from tests.unit.ingest.test_gateway_api import Wire, assert_problem

pytestmark = pytest.mark.django_db
FOLDER = '[[sources]]\nname = "files"\ntype = "folder"\npath = "data"\n'


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path


@pytest.fixture
def agent() -> Agent:
    return an_agent()


def test_the_old_token_works_until_the_new_one_is_used_once(agent: Agent) -> None:
    new = Wire().send("rotate").json()["token"]
    assert Wire().send("heartbeat", {}).status_code == 200, "the old one still works"
    assert Wire(new).send("heartbeat", {}).status_code == 200
    assert_problem(Wire().send("heartbeat", {}), 401, "not_authorised")
    assert Wire(new).send("heartbeat", {}).status_code == 200


def test_only_the_last_of_several_rotations_counts(agent: Agent) -> None:
    lost, kept = (Wire().send("rotate").json()["token"] for _ in range(2))
    assert_problem(Wire(lost).send("heartbeat", {}), 401, "not_authorised")
    assert Wire(kept).send("heartbeat", {}).status_code == 200


def test_a_revoked_agent_has_no_way_in_by_a_rotated_token(agent: Agent) -> None:
    new = Wire().send("rotate").json()["token"]
    agent_revoke(agent=agent)
    for token in (TOKEN, new):
        assert_problem(Wire(token).send("heartbeat", {}), 401, "not_authorised")


def test_tokens_expire_where_the_site_says_so_and_rotation_prolongs_them(agent: Agent, settings: Any) -> None:
    settings.INGEST = settings.INGEST.model_copy(update={"token_days": 30})
    new = Wire().send("rotate").json()
    beat = Wire(new["token"]).send("heartbeat", {}).json()
    assert beat["token_expires"] - beat["token_issued"] == 30 * 86400
    Agent.objects.update(token_expires=timezone.now() - timedelta(seconds=1))
    said = assert_problem(Wire(new["token"]).send("heartbeat", {}), 401, "not_authorised")
    assert "expired" in said["detail"]


def test_a_configuration_is_fetched_once_per_version(agent: Agent) -> None:
    nothing = Wire().send("config", method="GET")
    assert nothing.json()["version"] == 0 and nothing.json()["text"] is None
    config_write(agent=agent, text=FOLDER, author="ada")
    wire = Wire()
    first = wire.send("config", method="GET")
    assert (first.json()["version"], first.json()["text"]) == (1, FOLDER)
    wire.headers["If-None-Match"] = first["ETag"]
    assert wire.send("config", method="GET").status_code == 304
    config_write(agent=agent, text=FOLDER + 'follow = ["*.log"]\n', author="lin")
    assert wire.send("config", method="GET").json()["version"] == 2
    assert [(one.version, one.author) for one in config_list(agent=agent)] == [(2, "lin"), (1, "ada")]


def test_an_agent_sees_its_own_configuration_only(agent: Agent) -> None:
    an_agent(token="other-token", instrument="xrd")
    config_write(agent=agent, text=FOLDER, author="ada")
    assert Wire("other-token").send("config", method="GET").json()["text"] is None
    assert_problem(Wire("no-token").send("config", method="GET"), 401, "not_authorised")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[sources]\n", "TOML"),
        ('[server]\nurl = "http://evil"\n' + FOLDER, "server"),
        ('[spool]\npath = "/etc/x"\n' + FOLDER, "spool.path"),
        ("[spool]\nmax_bytes = 100000\n", "sources"),
        (FOLDER + FOLDER, "files"),
        ('[[sources]]\ntype = "folder"\n', "name"),
    ],
)
def test_a_configuration_that_no_agent_could_use_is_not_stored(agent: Agent, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        config_write(agent=agent, text=text, author="ada")
    assert config_newest(agent=agent) is None


def test_two_writers_do_not_overwrite_each_other(agent: Agent) -> None:
    config_write(agent=agent, text=FOLDER, author="ada", expected=0)
    with pytest.raises(Conflict, match="meanwhile"):
        config_write(agent=agent, text=FOLDER + "settle_s = 9\n", author="lin", expected=0)
    assert config_write(agent=agent, text=FOLDER, author="lin", expected=1).version == 1, (
        "the same text is no new version"
    )


def test_the_state_says_what_runs_and_why_the_newest_does_not(agent: Agent) -> None:
    assert config_state(agent).state == "none"
    config_write(agent=agent, text=FOLDER, author="ada")
    assert config_state(agent).state == "waiting"
    for said, state in (
        ({"version": 1, "remote": True}, "running"),
        ({"version": 0, "remote": True, "refused_version": 1, "refused": "sources.0.path: no such key"}, "refused"),
        ({"version": None, "remote": False}, "forbidden"),
    ):
        Wire().send("heartbeat", {"config": said})
        agent.refresh_from_db()
        assert config_state(agent).state == state
    assert config_state(agent).refused == ""


def test_a_batch_of_another_version_is_told_apart_from_a_broken_one(agent: Agent) -> None:
    data = batch_bytes()
    (length,) = struct.unpack("<I", data[4:8])
    head = data[8 : 8 + length].replace(b'"version":1', b'"version":999', 1)
    newer = data[:4] + struct.pack("<I", len(head)) + head + data[8 + length :]
    said = assert_problem(Wire().send("frames", newer), 400, "unsupported_version")
    assert 1 in said["details"]["versions"]


def test_a_number_that_comes_twice_with_other_rows_is_not_taken_for_a_repetition(agent: Agent) -> None:
    assert Wire().send("frames", batch_bytes(0)).json()["duplicate"] is False
    assert Wire().send("frames", batch_bytes(0)).json()["duplicate"] is True
    assert Wire().send("frames", batch_bytes(0, sent=1, historical=True)).json()["duplicate"] is True
    assert_problem(Wire().send("frames", batch_bytes(0, rows=11)), 409, "sequence_reused")
