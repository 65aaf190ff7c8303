"""Real connections to the gateway: the documented client, and one that breaks off."""

import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import LiveServerTestCase

from ingest.telemetry.models import FrameBatch
from ingest.telemetry.selectors import channel_list
from tests.builders.ingest import TOKEN, an_agent, batch_bytes

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "gateway-api.md"


@pytest.mark.slow
class ConnectionTest(LiveServerTestCase):
    def test_the_documented_client_delivers_its_points(self) -> None:
        an_agent()
        [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
        code = code.replace("http://127.0.0.1:8000", self.live_server_url).replace("the token of enrol", TOKEN)
        exec(compile(code, str(PAGE), "exec"), {"__name__": "example"})  # noqa: S102 - our own documentation
        [channel] = channel_list(instrument="oxide-mbe")
        assert (channel.name, channel.unit, channel.rows, channel.maximum) == ("T_substrate", "degC", 2, 600.3)

    def test_a_body_that_was_cut_off_stores_nothing(self) -> None:
        an_agent()
        data, where = batch_bytes(), urlsplit(self.live_server_url)
        head = f"POST /ingest/api/v1/frames HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {TOKEN}\r\n"
        with socket.create_connection((where.hostname, where.port), 20) as connection:
            connection.sendall(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data[:-20])
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(4096)
        assert b" 400 " in answer.splitlines()[0]
        assert not FrameBatch.objects.exists()
