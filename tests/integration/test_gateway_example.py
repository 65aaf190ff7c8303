"""The example in the documentation is a client that works."""

import re
from pathlib import Path

import pytest
from django.test import LiveServerTestCase

from ingest.telemetry.selectors import channel_list
from tests.builders.ingest import TOKEN, an_agent

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "gateway-api.md"


@pytest.mark.slow
class ExampleTest(LiveServerTestCase):
    def test_the_documented_client_delivers_its_points(self) -> None:
        an_agent()
        [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
        code = code.replace("http://127.0.0.1:8000", self.live_server_url).replace("the token of enrol", TOKEN)
        exec(compile(code, str(PAGE), "exec"), {"__name__": "example"})  # noqa: S102 - our own documentation
        [channel] = channel_list(instrument="oxide-mbe")
        assert (channel.name, channel.unit, channel.rows, channel.maximum) == ("T_substrate", "degC", 2, 600.3)
