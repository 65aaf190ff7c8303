"""Settings, root addresses and entry points of the site."""

from deploy.config.celery import app as celery_app

__all__ = ["celery_app"]
