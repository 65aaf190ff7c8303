"""The wire between agents and the gateway; docs/reference/gateway-api.md describes it to those who write clients."""

import json
import time
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field, RootModel

from ingest.contract import SUPPORTED_VERSIONS, Envelope
from ingest.errors import BadInput
from ingest.gateway import configs, files, services, tokens, uploads
from ingest.gateway.auth import agent_authorised, agent_of
from ingest.gateway.endpoint import body_read, endpoint, json_read, validated
from ingest.gateway.parts import space_check
from ingest.telemetry.codecs import CODECS

FRAMES_LIMIT = 64 * 2**20
PIECE_LIMIT = 8 * 2**20
FILES_LIMIT = 16 * 2**20
ID = r"^[A-Za-z0-9_.:-]+$"


class Enrolment(BaseModel):
    """What a new agent says of itself."""

    code: str = Field(min_length=1, max_length=80)
    name: str = Field(min_length=1, max_length=120)
    host: str = Field(default="", max_length=200)
    version: str = Field(default="", max_length=40)


class Tail(BaseModel):
    """A log that grows."""

    id: str = Field(min_length=8, max_length=64, pattern=ID)
    instrument: str = Field(max_length=80)
    source: str = Field(default="", max_length=200)
    file_name: str = Field(min_length=1, max_length=400)
    created: str = Field(default="", max_length=60)


class Heartbeat(BaseModel):
    """How an agent is; further keys are kept as they are."""

    model_config = ConfigDict(extra="allow")

    version: str = ""
    queue_rows: int = 0
    queue_bytes: int = 0
    oldest: int | float | str | None = None
    disk_free: int | None = None
    sources: list[dict[str, Any]] = Field(default_factory=list, max_length=1000)
    time: int | None = None


@endpoint("GET")
def ping(request: HttpRequest) -> dict[str, Any]:
    """Is it there, which versions and compressions does it read, and how much does it take at once."""
    return {
        "time": time.time_ns(),
        "versions": list(SUPPORTED_VERSIONS),
        "compressions": [codec.name for codec in CODECS],
        "limits": {
            "frames": FRAMES_LIMIT,
            "piece": PIECE_LIMIT,
            "files": FILES_LIMIT,
            "upload": settings.INGEST.max_upload_bytes,
        },
    }


@endpoint("POST")
def enrol(request: HttpRequest) -> dict[str, Any]:
    """Exchange a one-time code for a token."""
    asked = json_read(request, Enrolment)
    agent, token = services.agent_enrol(**asked.model_dump(), now=timezone.now())
    return {"agent": agent.pk, "token": token, "instrument": agent.instrument.slug, "time": time.time_ns()}


@endpoint("POST")
def frames(request: HttpRequest) -> dict[str, Any]:
    """Store one batch; the answer means that it is durable. A server's front door takes this call (door.py)."""
    agent_of(request)
    return frames_take(authorization=request.headers["Authorization"], data=body_read(request, FRAMES_LIMIT))


def frames_take(*, authorization: str, data: bytes) -> dict[str, Any]:
    """Store one batch for whoever holds the token."""
    agent = agent_authorised(authorization)
    space_check(len(data))
    batch, duplicate = services.frames_accept(agent=agent, data=data)
    services.agent_heard(agent=agent, now=timezone.now())
    return {"accepted": True, "duplicate": duplicate, "points": batch.points, "time": time.time_ns()}


def _offset(request: HttpRequest) -> int:
    text = request.headers.get("Upload-Offset", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadInput("send the header Upload-Offset with the number of the first byte of this piece")
    return int(text)


def _envelope(request: HttpRequest) -> Envelope:
    """The envelope in the body, bare or below the key `envelope`."""
    document = json_read(request, RootModel[dict[str, Any]]).root
    return validated(Envelope, document.get("envelope", document))


@endpoint("POST")
def upload_open(request: HttpRequest) -> dict[str, Any]:
    """Begin an upload or ask where it stands."""
    agent = agent_of(request)
    envelope = _envelope(request)
    return {"upload": envelope.id, **asdict(uploads.upload_open(agent=agent, envelope=envelope))}


@endpoint("POST")
def small_files(request: HttpRequest) -> dict[str, Any]:
    """Keep many small files in one call."""
    agent = agent_of(request)
    data = body_read(request, FILES_LIMIT)
    space_check(len(data))
    return {"files": files.files_accept(agent=agent, parts=list(files.files_read(data))), "time": time.time_ns()}


@endpoint("PATCH")
def upload_append(request: HttpRequest, upload_id: str) -> dict[str, Any]:
    """Append a piece."""
    agent, offset = agent_of(request), _offset(request)
    data = body_read(request, PIECE_LIMIT)
    return asdict(uploads.upload_append(agent=agent, upload_id=upload_id, offset=offset, data=data))


@endpoint("POST")
def tail_open(request: HttpRequest) -> dict[str, Any]:
    """Begin a growing log or ask where it stands."""
    agent = agent_of(request)
    tail = json_read(request, Tail)
    fields = tail.model_dump(exclude={"id"})
    return asdict(uploads.tail_open(agent=agent, tail_id=tail.id, **fields))


@endpoint("PATCH")
def tail_append(request: HttpRequest, tail_id: str) -> dict[str, Any]:
    """Append whole lines."""
    agent, offset = agent_of(request), _offset(request)
    data = body_read(request, PIECE_LIMIT)
    return asdict(uploads.tail_append(agent=agent, tail_id=tail_id, offset=offset, data=data))


@endpoint("POST")
def tail_close(request: HttpRequest, tail_id: str) -> dict[str, Any]:
    """The log is whole."""
    agent = agent_of(request)
    envelope = _envelope(request)
    return asdict(uploads.tail_close(agent=agent, tail_id=tail_id, envelope=envelope))


@endpoint("POST")
def heartbeat(request: HttpRequest) -> dict[str, Any]:
    """Note how the agent is."""
    agent = agent_of(request)
    health = json_read(request, Heartbeat).model_dump(mode="json")
    services.agent_heard(agent=agent, now=timezone.now(), health=_finite(health))
    wanted = configs.config_newest(agent=agent)
    return {
        "time": time.time_ns(),
        "token_issued": _seconds(agent.token_issued),
        "token_expires": _seconds(agent.token_expires),
        "config": wanted.version if wanted else None,
    }


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


@endpoint("POST")
def rotate(request: HttpRequest) -> dict[str, Any]:
    """A new token for the one that asks; the old stays valid until the new one is used."""
    agent = agent_of(request)
    issued = tokens.token_rotate(agent=agent, now=timezone.now())
    return {"token": issued.token, "expires": _seconds(issued.expires), "time": time.time_ns()}


@endpoint("GET")
def config(request: HttpRequest) -> HttpResponse:
    """What this agent should collect, with an ETag; version 0 and no text where nothing was ever set."""
    newest = configs.config_newest(agent=agent_of(request))
    tag = configs.config_tag(newest)
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    document = {"version": newest.version if newest else 0, "text": newest.text if newest else None}
    return JsonResponse({**document, "time": time.time_ns()}, headers={"ETag": tag})


def _finite(health: dict[str, Any]) -> dict[str, Any]:
    """JSON without NaN and infinity, which no database takes."""
    document: dict[str, Any] = json.loads(json.dumps(health), parse_constant=lambda _: None)
    return document
