"""What a person meets beside the instrument: the page on this computer, metrics, a dry run, the service of the system."""

import http.client
import json
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from ingest.agent.config import config_read
from ingest.agent.page import page_serve
from ingest.agent.service import systemd_service, windows_service
from tests.agent.agents import SIMULATED, a_config, agent_command, eventually, folder_source, running
from tests.agent.gateway_double import GatewayDouble


def get(port: int, path: str = "/", **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_the_page_says_how_it_goes_in_the_readers_language(tmp_path: Path, gateway: GatewayDouble) -> None:
    config = a_config(
        tmp_path, gateway.url, f"{SIMULATED}\nrate_hz = 20.0\nbatch_s = 0.1", folder_source(tmp_path / "<no>")
    )
    with page_serve(config_read(config), 0) as port:
        assert "not running" in get(port)[1], "before the first start"
        with running(config):
            eventually(lambda: "<td>online" in get(port)[1] and "away" in get(port)[1])
            page = get(port)[1]
            assert "&lt;no&gt;" in page and "<no>" not in page, "names are escaped"
            assert "http-equiv=refresh" in page and page.index("class=lag>") < page.index("<table>")
            chinese = get(port, Accept_Language="zh-CN,zh;q=0.9,en;q=0.8")[1]
            assert "延迟" in chinese and "运行中" in chinese and "lang=zh-Hans" in chinese
            assert "运行中" not in get(port, Accept_Language="en-GB,zh;q=0.5")[1]
            status = json.loads(get(port, "/status.json")[1])
            assert status["running"] and status["server"]["state"] == "online"


def test_metrics_are_prometheus_text_with_the_lag_first(tmp_path: Path, gateway: GatewayDouble) -> None:
    config = a_config(tmp_path, gateway.url, f"{SIMULATED}\nrate_hz = 20.0\nbatch_s = 0.1")
    with page_serve(config_read(config), 0) as port, running(config):
        eventually(lambda: "lodestone_agent_server_up 1" in get(port, "/metrics")[1])
        eventually(lambda: metrics(get(port, "/metrics")[1])["lodestone_agent_rows_sent_total"] > 10)
        text = get(port, "/metrics")[1]
    values = metrics(text)
    assert next(iter(values)) == "lodestone_agent_lag_seconds"
    assert values['lodestone_agent_source_up{source="machine"}'] == 1
    assert 10e6 < values["lodestone_agent_memory_bytes"] < 1e11  # that of this test process, whatever it has loaded
    assert {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")} == {
        name.partition("{")[0] for name in values
    }
    beat = gateway.beats[-1]["metrics"]
    assert next(iter(beat)) == "lag_s" and beat["rows_sent"] > 0


def metrics(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")}


def test_the_page_is_for_this_computer_alone(tmp_path: Path) -> None:
    config = config_read(a_config(tmp_path, "http://127.0.0.1:1"))
    with page_serve(config, 0) as port:
        assert get(port, Host="evil.example")[0] == 403
        assert get(port, "/agent.toml")[0] == 404
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("POST", "/")
        assert connection.getresponse().status == 501
        connection.close()
        with page_serve(config, port) as taken:
            assert taken == 0, "a taken port stops nothing"


def test_a_dry_run_says_what_would_be_shipped_and_changes_nothing(tmp_path: Path, gateway: GatewayDouble) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.log").write_text("one\ntwo\n")
    (data / "b.dat").write_bytes(b"x" * 1234)
    config = a_config(
        tmp_path, gateway.url, folder_source(data), f"{SIMULATED}\nrate_hz = 100.0\nrows = 50\nbatch_s = 0.1"
    )
    done = agent_command("run", "--dry-run", "--seconds", "2", "--config", str(config))
    assert done.returncode == 0, done.stderr
    assert "a.log, bytes 0 to 8" in done.stdout and "b.dat, 1234 bytes" in done.stdout
    assert "files: would ship 0 rows, 2 lines, 1 files, 1242 bytes" in done.stdout
    assert "machine: would ship 5" in done.stdout
    assert gateway.requests == [] and not list(tmp_path.glob("agent.spool*"))
    with running(config):
        eventually(lambda: len(gateway.payloads()) == 2)
    again = agent_command("run", "--dry-run", "--seconds", "1", "--config", str(config))
    assert "files: would ship 0 rows, 0 lines, 0 files" in again.stdout, "it begins where the spool stands"


def test_the_systemd_unit_is_hardened_and_understood_by_systemd(tmp_path: Path) -> None:
    place = tmp_path / "my agent 100%"
    config = a_config(place, "http://127.0.0.1:1")
    service = systemd_service(config_read(config), config, user=False)
    for wanted in (
        "Restart=always",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "StartLimitIntervalSec=0",
        "CapabilityBoundingSet=",
    ):
        assert wanted in service.text.splitlines()
    assert f'ReadWritePaths="{str(place).replace("%", "%%")}"' in service.text
    assert service.commands[-1] == ("systemctl", "enable", "--now", "lodestone-agent.service")
    user = systemd_service(config_read(config), config, user=True)
    assert "WantedBy=default.target" in user.text and user.path.is_relative_to(Path.home())
    if shutil.which("systemd-analyze"):
        unit = tmp_path / "lodestone-agent.service"
        unit.write_text(service.text)
        done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
        assert "lodestone-agent.service:" not in done.stderr, done.stderr


def test_the_windows_task_is_whole_and_starts_again(tmp_path: Path) -> None:
    place = tmp_path / "R&D <lab>"
    config = a_config(place, "http://127.0.0.1:1")
    service = windows_service(config_read(config), config, user=False, python=r"C:\Program Files\Python\python.exe")
    root = ElementTree.fromstring(service.text.encode(service.encoding))  # noqa: S314 - our own
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}

    def text(path: str) -> str:
        return root.findtext(path, "", space)

    assert text("t:Actions/t:Exec/t:Command") == r"C:\Program Files\Python\python.exe"
    assert text("t:Actions/t:Exec/t:Arguments") == f'-m ingest.agent run --config "{config}"'
    assert text("t:Settings/t:ExecutionTimeLimit") == "PT0S", "it may run for years"
    assert text("t:Settings/t:RestartOnFailure/t:Interval") == "PT1M"
    assert text("t:Principals/t:Principal/t:UserId") == "S-1-5-19"
    assert root.find("t:Triggers/t:BootTrigger", space) is not None
    assert service.commands[0][:2] == ("schtasks", "/Create") and str(service.path) in service.commands[0]


def test_install_service_shows_what_it_would_do_and_says_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = a_config(tmp_path, "http://127.0.0.1:1")
    shown = agent_command("install-service", "--user", "--print", "--config", str(config))
    assert shown.returncode == 0 and "ExecStart=" in shown.stdout and "systemctl --user enable" in shown.stdout
    monkeypatch.setenv("HOME", str(tmp_path))
    tools = tmp_path / "bin"
    tools.mkdir()
    called = tmp_path / "called"
    (tools / "systemctl").write_text(
        f'#!/bin/sh\necho "$@" >> {called}\n[ "$2" != enable ] || {{ echo "no bus" >&2; exit 1; }}\n'
    )
    (tools / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    done = agent_command("install-service", "--user", "--config", str(config))
    assert done.returncode == 2 and "no bus" in done.stderr
    unit = tmp_path / ".config/systemd/user/lodestone-agent.service"
    assert sys.executable in unit.read_text()
    (tools / "systemctl").write_text(f'#!/bin/sh\necho "$@" >> {called}\n')
    assert agent_command("install-service", "--user", "--config", str(config)).returncode == 0
    assert called.read_text().splitlines()[-1] == "--user enable --now lodestone-agent.service"


def test_the_unit_s_command_runs_the_agent(tmp_path: Path, gateway: GatewayDouble) -> None:
    """ExecStart as systemd would split it, run for real."""
    config = a_config(tmp_path / "with space", gateway.url, f"{SIMULATED}\nrate_hz = 50.0\nbatch_s = 0.1")
    unit = systemd_service(config_read(config), config, user=True).text
    command = shlex.split(
        next(line for line in unit.splitlines() if line.startswith("ExecStart="))[len("ExecStart=") :]
    )
    agent = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: gateway.times())
    finally:
        agent.terminate()
        assert agent.wait(20) == 0
