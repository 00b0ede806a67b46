"""Sources and messages in the vendors' documented formats, for the tests of alerts."""

import json

from accounts.tests.factories import TeamFactory, make_administrator
from intake.alerts.models import AlertPost, AlertSource
from intake.alerts.sources import issue_key, settle_source
from intake.alerts.taking_in import take_in_due
from outbox import clock


def make_source(kind="alertmanager", *, now=None, **fields):
    """A source that is set up, with its key as `key`."""
    boss = make_administrator()
    fields = {"name": f"Monitor {kind}", "code": kind, "language": "en", "team": TeamFactory(), **fields}
    source = AlertSource.objects.create(kind=kind, **fields)
    settle_source(source=source, actor=boss, now=now or clock.now())
    source.key = issue_key(source=source, actor=boss, now=now or clock.now())
    return source


def alert(
    name="DiskFull", *, status="firing", instance="db-1", severity="warning", starts="2026-11-27T08:00:00Z", **more
):
    """One alert as Alertmanager sends it."""
    labels = {"alertname": name, "instance": instance, "severity": severity}
    return {
        "status": status,
        "labels": labels,
        "annotations": {"summary": f"{name} on {instance}", "description": "Look at it."},
        "startsAt": starts,
        "endsAt": "2026-11-27T09:00:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.com/graph",
        "fingerprint": f"{name}-{instance}",
        **more,
    }


def message(*alerts, group="g"):
    """A message of Alertmanager, version 4."""
    firing = any(one["status"] == "firing" for one in alerts)
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{group}"}}',
        "truncatedAlerts": 0,
        "status": "firing" if firing else "resolved",
        "receiver": "helpdesk",
        "groupLabels": {"alertname": group},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.com",
        "alerts": list(alerts),
    }


def hear(source, payload, *, now):
    """Keep one message and take in what is due."""
    body = payload if isinstance(payload, str) else json.dumps(payload)
    post = AlertPost.objects.create(source=source, body=body, received_at=now, next_attempt_at=now)
    take_in_due(now=now)
    post.refresh_from_db()
    return post
