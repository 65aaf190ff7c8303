"""ASGI entry point of the site."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.config.settings")
_site = get_asgi_application()

from ingest.gateway.door import FramesDoor  # noqa: E402 - Django must be set up first
from knowledge.optimade.door import OptimadeDoor  # noqa: E402

application = OptimadeDoor(FramesDoor(_site))
