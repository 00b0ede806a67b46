"""The composition root: settings, URLs, the beat table and the launcher. No app imports it."""

from helpdesk.celery import app as celery_app

__all__ = ["celery_app"]
