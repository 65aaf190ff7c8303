"""ASGI entry point of the site."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.config.settings")
_site = get_asgi_application()

from deploy.warm import Warming  # noqa: E402 - Django must be set up first
from ingest.gateway.door import FramesDoor  # noqa: E402
from knowledge.optimade.door import OptimadeDoor  # noqa: E402

application = Warming(OptimadeDoor(FramesDoor(_site)))
