"""The commands a person types beside the instrument."""

import json
import stat
from pathlib import Path

from ingest.agent.config import config_read
from tests.agent.agents import a_config, agent_command, folder_source
from tests.agent.gateway_double import TOKEN, GatewayDouble


def test_enrol_writes_the_token_for_its_owner_only_and_a_first_configuration(
    tmp_path: Path, gateway: GatewayDouble
) -> None:
    config = tmp_path / "agent.toml"
    done = agent_command("enrol", "--server", gateway.url, "--code", "good-code", "--config", str(config))
    assert done.returncode == 0, done.stderr
    token = tmp_path / "agent.token"
    assert token.read_text().strip() == TOKEN
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert TOKEN not in done.stdout + done.stderr
    settings = config_read(config)
    assert settings.server.secret() == TOKEN
    assert settings.instrument == "mbe"


def test_enrol_with_a_spent_code_says_so_and_writes_nothing(tmp_path: Path, gateway: GatewayDouble) -> None:
    config = tmp_path / "agent.toml"
    done = agent_command("enrol", "--server", gateway.url, "--code", "old-code", "--config", str(config))
    assert done.returncode == 2
    assert "spent" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("agent*"))


def test_enrol_notices_a_configuration_for_another_instrument(tmp_path: Path, gateway: GatewayDouble) -> None:
    config = a_config(tmp_path, gateway.url)
    config.write_text(config.read_text().replace('"mbe"', '"xrd"').replace(f'token = "{TOKEN}"', 'token_file = "t"'))
    done = agent_command("enrol", "--server", gateway.url, "--code", "good-code", "--config", str(config))
    assert done.returncode == 2
    assert "xrd" in done.stderr
    assert (tmp_path / "t").read_text().strip() == TOKEN, "the code is spent, so the token is kept"


def test_run_without_a_token_says_to_enrol(tmp_path: Path) -> None:
    config = a_config(tmp_path, "http://127.0.0.1:1")
    config.write_text(config.read_text().replace(f'token = "{TOKEN}"', 'token_file = "t"'))
    done = agent_command("run", "--config", str(config))
    assert done.returncode == 2
    assert "enrol" in done.stderr


def test_check_reports_every_fault_and_collects_nothing(tmp_path: Path, gateway: GatewayDouble) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.log").write_text("one\n")
    good = a_config(tmp_path, gateway.url, folder_source(tmp_path / "data"))
    done = agent_command("check", "--json", "--config", str(good))
    assert done.returncode == 0
    assert "1 files, 1 of them followed" in json.loads(done.stdout)["found"]["files"][0]
    assert not (tmp_path / "agent.spool").exists()
    bad = a_config(tmp_path / "bad", "http://127.0.0.1:1", folder_source(tmp_path / "nowhere"))
    done = agent_command("check", "--config", str(bad))
    assert done.returncode == 2
    assert "nowhere" in done.stdout and "127.0.0.1:1" in done.stdout


def test_status_before_the_first_start_is_calm(tmp_path: Path) -> None:
    done = agent_command("status", "--json", "--config", str(a_config(tmp_path, "http://127.0.0.1:1")))
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert (document["running"], document["queue_rows"], document["sources"][0]["state"]) == (False, 0, "not started")
