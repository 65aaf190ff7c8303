"""Whom the agent trusts and who trusts it: TLS with an own authority, tokens that rotate, a site that says what to collect."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from ingest.agent.config import config_read
from ingest.agent.errors import ConfigError
from ingest.agent.remote import Remote, merged
from tests.agent.agents import SIMULATED, a_config, agent_command, eventually, folder_source, running
from tests.agent.certificates import Authority
from tests.agent.gateway_double import TOKEN, GatewayDouble
from tests.agent.test_delivery import REPLAY, START, WANTED, _status


def secure(gateway: GatewayDouble, certificate: Path) -> None:
    gateway.stop()
    gateway.certificate = certificate
    gateway.start()


def with_token_file(config: Path, token: str = TOKEN) -> Path:
    config.write_text(config.read_text().replace(f'token = "{TOKEN}"', 'token_file = "agent.token"'))
    (config.parent / "agent.token").write_text(token + "\n")
    return config


def test_an_own_authority_is_trusted_only_where_the_agent_was_told_so(tmp_path: Path, gateway: GatewayDouble) -> None:
    ours = Authority(tmp_path)
    secure(gateway, ours.server("127.0.0.1"))
    untold = a_config(tmp_path / "untold", gateway.url, REPLAY)
    done = agent_command("check", "--config", str(untold))
    assert done.returncode == 2 and "not trusted" in done.stdout and "ca_file" in done.stdout
    stranger = Authority(tmp_path, "Another CA")
    wrong = a_config(tmp_path / "wrong", gateway.url, REPLAY, server=f'ca_file = "{stranger.file}"')
    assert "not trusted" in agent_command("check", "--config", str(wrong)).stdout
    told = a_config(tmp_path / "told", gateway.url, REPLAY, server=f'ca_file = "{ours.file}"')
    with running(untold), running(told):
        eventually(lambda: len(gateway.times()) >= len(WANTED))
        eventually(lambda: "not trusted" in _status(untold)["server"]["reason"])
    assert gateway.times() == WANTED, "what the other agent holds was not sent to a server it does not trust"
    assert _status(untold)["queue_rows"] >= len(WANTED)


def test_a_certificate_for_another_host_is_refused(tmp_path: Path, gateway: GatewayDouble) -> None:
    ours = Authority(tmp_path)
    secure(gateway, ours.server("lodestone.example.org"))
    config = a_config(tmp_path / "a", gateway.url, REPLAY, server=f'ca_file = "{ours.file}"')
    done = agent_command("check", "--config", str(config))
    assert done.returncode == 2 and "127.0.0.1" in done.stdout and "host name" in done.stdout


def test_http_over_the_network_is_warned_of(tmp_path: Path, gateway: GatewayDouble) -> None:
    gateway.stop()
    config = a_config(tmp_path, "http://lodestone.invalid", REPLAY)
    assert "WARNING: http, not https" in agent_command("check", "--config", str(config)).stdout
    gateway.start()
    local = a_config(tmp_path, gateway.url, REPLAY)
    assert "WARNING" not in agent_command("check", "--config", str(local)).stdout


def test_rotate_replaces_the_token_and_a_running_agent_goes_on(tmp_path: Path, gateway: GatewayDouble) -> None:
    config = with_token_file(a_config(tmp_path, gateway.url, f"{SIMULATED}\nrate_hz = 20.0\nbatch_s = 0.1"))
    with running(config):
        eventually(lambda: gateway.times())
        done = agent_command("rotate", "--config", str(config))
        assert done.returncode == 0, done.stderr
        assert gateway.token != TOKEN and (tmp_path / "agent.token").read_text().strip() == gateway.token
        assert gateway.token not in done.stdout + done.stderr
        assert (tmp_path / "agent.token").stat().st_mode & 0o777 == 0o600
        before = len(gateway.times())
        eventually(lambda: len(gateway.times()) > before + 40)
    assert "unauthorised" not in _status(config)["server"]["state"]


def test_a_rotation_cut_short_leaves_a_token_that_works(tmp_path: Path, gateway: GatewayDouble) -> None:
    config = with_token_file(a_config(tmp_path, gateway.url, REPLAY))
    gateway.stop()
    assert agent_command("rotate", "--config", str(config)).returncode == 2
    gateway.start()
    gateway.next_token = "never-arrived"  # the server issued one, its answer was lost
    assert agent_command("check", "--config", str(config)).returncode == 0
    with running(config):
        eventually(lambda: len(gateway.times()) >= len(WANTED))


def test_a_token_in_the_configuration_itself_cannot_be_rotated(tmp_path: Path, gateway: GatewayDouble) -> None:
    done = agent_command("rotate", "--config", str(a_config(tmp_path, gateway.url, REPLAY)))
    assert done.returncode == 2 and "token_file" in done.stderr


def test_a_token_near_its_end_is_rotated_by_itself_and_its_end_is_shown(tmp_path: Path, gateway: GatewayDouble) -> None:
    config = with_token_file(a_config(tmp_path, gateway.url, REPLAY))
    gateway.token_issued, gateway.token_expires = time.time() - 80, time.time() + 20
    with running(config):
        eventually(lambda: gateway.token != TOKEN)
        gateway.token_issued, gateway.token_expires = time.time(), time.time() + 86400
        eventually(lambda: _status(config).get("token_expires") == gateway.token_expires)
    assert "token     ends on" in agent_command("status", "--config", str(config)).stdout


# -- what the site may say ----------------------------------------------------------------------------------------------


def remote_folder(folder: Path, **keys: Any) -> str:
    return f"[[sources]]\n{folder_source(folder, **keys)}\n"


def test_a_new_configuration_is_taken_over_while_running_and_no_row_is_lost(
    tmp_path: Path, gateway: GatewayDouble
) -> None:
    data = tmp_path / "data"
    (data / "sub").mkdir(parents=True)
    stream = f"{SIMULATED}\nstart = 2026-01-01T00:00:00Z\nrate_hz = 100.0\nbatch_s = 0.05"
    config = a_config(tmp_path, gateway.url, stream, folder_source(data))
    with running(config):
        eventually(lambda: len(gateway.times()) > 30)
        gateway.configs.append(f"{remote_folder(data)}[[sources]]\n{stream}\n")
        eventually(lambda: gateway.beats[-1]["config"]["version"] == 1)
        (data / "a.log").write_text("one\n")
        eventually(lambda: gateway.payloads())
        gateway.configs.append(f"{remote_folder(data / 'sub')}[spool]\nmax_bytes = 100000\n")
        eventually(lambda: gateway.beats[-1]["config"]["version"] == 2)
        eventually(lambda: [one["name"] for one in gateway.beats[-1]["sources"]] == ["files"])
    times = gateway.times()
    assert times == [START + round(row * 1e7) for row in range(len(times))], "none lost, none doubled, in order"
    gateway.stop()
    with running(config):
        eventually(lambda: _status(config)["running"] and _status(config)["config"]["version"] == 2)
    gateway.start()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[sources]]\nname = "x"\ntype = "folder"\npath = "/etc"\n', "outside the folders"),
        ('[[sources]]\nname = "x"\ntype = "folder"\npath = "data/../.."\n', "outside the folders"),
        ('[[sources]]\nname = "x"\ntype = "folder"\npath = "data"\nfollows = ["*"]\n', "sources.0.follows"),
        ('[[sources]]\nname = "x"\ntype = "simulated"\n', "not allowed here"),
        ('[[sources]]\nname = "x"\ntype = "folder"\npath = "data"\ninstrument = "xrd"\n', "not an instrument"),
        ('[server]\nurl = "http://evil"\n[[sources]]\nname = "x"\ntype = "folder"\npath = "data"\n', "server"),
        ("[[sources]\n", "TOML"),
    ],
)
def test_what_the_agent_does_not_allow_is_refused_with_the_reason_and_the_last_good_runs_on(
    tmp_path: Path, gateway: GatewayDouble, text: str, said: str
) -> None:
    (tmp_path / "data").mkdir()
    config = a_config(tmp_path, gateway.url, folder_source(Path("data")))
    gateway.configs += [remote_folder(Path("data"), settle_s=0.3)]
    with running(config):
        eventually(lambda: gateway.beats and gateway.beats[-1]["config"]["version"] == 1)
        gateway.configs.append(text)
        eventually(lambda: gateway.beats[-1]["config"]["refused_version"] == 2)
        assert said in gateway.beats[-1]["config"]["refused"]
        assert gateway.beats[-1]["config"]["version"] == 1
    assert said in agent_command("status", "--config", str(config)).stdout


def test_the_agents_own_files_cannot_be_asked_for(tmp_path: Path) -> None:
    config = a_config(tmp_path, "http://127.0.0.1:1", folder_source(tmp_path))
    text = config.read_text()
    config.write_text(f'remote_folders = ["/"]\n{text}')
    with pytest.raises(ConfigError, match="own files"):
        merged(config_read(config), remote_folder(tmp_path))


def test_an_agent_may_forbid_it(tmp_path: Path, gateway: GatewayDouble) -> None:
    config = a_config(tmp_path, gateway.url, REPLAY)
    config.write_text(f"remote = false\n{config.read_text()}")
    gateway.configs.append('[[sources]]\nname = "other"\ntype = "simulated"\n')
    with running(config):
        eventually(lambda: len(gateway.times()) >= len(WANTED))
        eventually(lambda: len(gateway.beats) > 3)
    assert gateway.beats[-1]["config"] == {"remote": False, "version": None, "refused_version": None, "refused": ""}
    assert ("GET", "config") not in gateway.requests


def test_an_agent_without_sources_waits_for_the_site_to_name_some(tmp_path: Path, gateway: GatewayDouble) -> None:
    data = tmp_path / "data"
    data.mkdir()
    config = tmp_path / "agent.toml"
    config.write_text(
        f'instrument = "mbe"\nremote_types = ["folder"]\nremote_folders = ["data"]\n[status]\nport = 0\n'
        f'[server]\nurl = "{gateway.url}"\ntoken = "{TOKEN}"\nheartbeat_s = 0.3\nretry_max_s = 0.2\n'
    )
    (data / "a.log").write_text("one\n")
    with running(config):
        eventually(lambda: gateway.beats)
        gateway.configs.append(remote_folder(data))
        eventually(lambda: [one["data"] for one in gateway.payloads().values()] == [b"one\n"])


def test_a_damaged_last_good_configuration_falls_back_to_the_local_file(tmp_path: Path, gateway: GatewayDouble) -> None:
    settings = config_read(a_config(tmp_path, gateway.url, REPLAY))
    for text in ("{", json.dumps({"version": 3}), json.dumps({"version": 3, "text": "[[sources]]\n"})):
        remote = Remote(settings)
        remote.path.write_text(text)
        assert remote.start() == settings


# -- versions of the wire -----------------------------------------------------------------------------------------------


def test_an_agent_of_another_version_says_so_and_keeps_everything_until_one_is_updated(
    tmp_path: Path, gateway: GatewayDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.agent.upload.INCOMPATIBLE_DELAY_S", 0.2)
    gateway.versions = [7]
    config = a_config(tmp_path, gateway.url, REPLAY)
    assert "update the agent" in agent_command("check", "--config", str(config)).stdout
    with running(config):
        eventually(lambda: (_status(config).get("server") or {}).get("state") == "incompatible")
        assert agent_command("status", "--config", str(config)).returncode == 2
        eventually(lambda: _status(config)["queue_rows"] >= len(WANTED))
        assert gateway.times() == [] and _status(config)["rejected"] == []
        gateway.versions = [1, 7]
        eventually(lambda: len(gateway.times()) >= len(WANTED))
    assert sorted(gateway.times()) == WANTED
