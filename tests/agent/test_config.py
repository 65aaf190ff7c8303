"""One TOML file; a wrong one stops the start and names the key."""

from pathlib import Path

import pytest

from ingest.agent.config import config_read
from ingest.agent.errors import ConfigError
from tests.agent.agents import ROOT, SIMULATED, a_config, agent_command, folder_source

URL = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("[server]", "[server]\nurll = 1"), "server.urll"),
        (('url = "http', 'url = "gopher'), "server.url"),
        (("[spool]", "[spool]\nmax_bytes = 3"), "spool.max_bytes"),
        (('token = "right-token"', ""), "token"),
        (('token = "right-token"', 'token = "right-token"\nca_file = "nowhere.pem"'), "ca_file"),
        (('type = "simulated"', 'type = "teapot"'), "sources.0.type"),
        (('type = "simulated"', 'type = "simulated"\nrate_hz = -1'), "rate_hz"),
        (('type = "simulated"', 'type = "simulated"\nfaults = [{kind="stuck", channel="x", at_s=1}]'), "channel"),
        (('type = "simulated"', 'type = "simulated"\ncolour = "red"'), "colour"),
        (('name = "machine"', 'name = "a machine"'), "sources.0.name"),
        (('instrument = "mbe"', ""), "instrument"),
        (("[[sources]]", "[sources]"), "sources"),
        (("[spool]", "[spool"), "TOML"),
    ],
)
def test_a_wrong_key_stops_the_start_with_its_name(tmp_path: Path, change: tuple[str, str], key: str) -> None:
    path = a_config(tmp_path, URL)
    text = path.read_text()
    assert change[0] in text
    path.write_text(text.replace(*change, 1))
    with pytest.raises(ConfigError, match=key.replace(".", r"\.")):
        config_read(path)


def test_run_with_a_wrong_file_exits_2_without_a_traceback(tmp_path: Path) -> None:
    path = a_config(tmp_path, URL, folder_source(tmp_path, settle_s=-1))
    done = agent_command("run", "--config", str(path))
    assert done.returncode == 2
    assert "settle_s" in done.stderr
    assert "Traceback" not in done.stderr


def test_relative_paths_begin_at_the_configuration(tmp_path: Path) -> None:
    path = a_config(tmp_path, URL, folder_source(Path("data")), spool='path = "here/x.spool"')
    settings = config_read(path)
    assert settings.spool.path == tmp_path / "here" / "x.spool"
    assert str(tmp_path / "data") in settings.sources[0].build(settings.folder).check.__self__._params.path.as_posix()  # type: ignore[attr-defined]


def test_two_sources_may_not_share_a_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="machine"):
        config_read(a_config(tmp_path, URL, SIMULATED, SIMULATED))


def test_the_example_of_the_documentation_is_valid(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "connect-an-instrument.md").read_text("utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    path = tmp_path / "agent.toml"
    path.write_text(example, "utf-8")
    settings = config_read(path)
    assert {one.type for one in settings.sources} == {"folder", "simulated"}
    for one in settings.sources:
        one.build(settings.folder)
