"""The Celery application: carries wake-ups and runs stages, in process or on many machines."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deploy.config.settings")
app = Celery("lodestone")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    [
        "ingest.feeds",
        "analysis.running",
        "knowledge.exports",
        "knowledge.webhooks",
        "knowledge.quality",
        "knowledge.federation",
    ]
)
app.conf.beat_schedule = {"feeds": {"task": "ingest.feeds.run", "schedule": 5.0}}  # a lost wake-up costs seconds
