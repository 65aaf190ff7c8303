"""Addresses of ingest: the wire that agents speak."""

from django.urls import URLPattern, URLResolver, path

from ingest.gateway import api

app_name = "ingest"
urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/ping", api.ping, name="ping"),
    path("api/v1/enrol", api.enrol, name="enrol"),
    path("api/v1/frames", api.frames, name="frames"),
    path("api/v1/uploads", api.upload_open, name="uploads"),
    path("api/v1/uploads/<str:upload_id>", api.upload_append, name="upload"),
    path("api/v1/files", api.small_files, name="files"),
    path("api/v1/tails", api.tail_open, name="tails"),
    path("api/v1/tails/<str:tail_id>", api.tail_append, name="tail"),
    path("api/v1/tails/<str:tail_id>/close", api.tail_close, name="tail_close"),
    path("api/v1/heartbeat", api.heartbeat, name="heartbeat"),
    path("api/v1/rotate", api.rotate, name="rotate"),
    path("api/v1/config", api.config, name="config"),
]
