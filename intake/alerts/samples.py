"""A message of each kind as its documentation shows it, to try a source with before anything real comes."""

import json
from typing import Any

_ALERT: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "DiskAlmostFull", "severity": "critical", "instance": "db-1:9100", "job": "node"},
    "annotations": {
        "summary": "Disk of db-1 is 96 % full",
        "description": "At this pace it is full within two hours.",
    },
    "startsAt": "2026-11-27T08:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "https://prometheus.example.com/graph?g0.expr=disk",
    "fingerprint": "b3cf1a2d4e5f6071",
}
_ALERTMANAGER: dict[str, Any] = {
    "version": "4",
    "groupKey": '{}:{alertname="DiskAlmostFull"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "helpdesk",
    "groupLabels": {"alertname": "DiskAlmostFull"},
    "commonLabels": {"alertname": "DiskAlmostFull", "severity": "critical"},
    "commonAnnotations": {},
    "externalURL": "https://alertmanager.example.com",
    "alerts": [_ALERT],
}
_GRAFANA = {
    **_ALERTMANAGER,
    "version": "1",
    "orgId": 1,
    "state": "alerting",
    "title": "[FIRING:1] DiskAlmostFull",
    "message": "**Firing**",
    "alerts": [
        {**_ALERT, "values": {"B": 96, "C": 1}, "panelURL": "https://grafana.example.com/d/disk?viewPanel=2",
         "silenceURL": "https://grafana.example.com/alerting/silence/new"}
    ],
}  # fmt: skip
_ZABBIX = {
    "event_id": "48211",
    "event_value": "1",
    "event_name": "High CPU load on app-2",
    "event_severity": "High",
    "event_time": "2026-11-27T08:00:00+08:00",
    "host": "app-2",
    "host_ip": "10.3.0.12",
    "trigger_id": "17711",
    "message": "Load is 14.2 for 5 minutes.",
    "url": "https://zabbix.example.com/tr_events.php?triggerid=17711&eventid=48211",
}
_GENERIC = {
    "event": {"id": "e-1009", "host": "plc-7", "name": "Line 3 stopped", "level": "critical", "status": "PROBLEM"},
    "time": "2026-11-27T08:00:00Z",
    "link": "https://scada.example.com/events/e-1009",
}
#: A mapping that fits the sample of a fresh source of another kind.
FIRST_MAPPING = {
    "subject": "{event.host}: {event.name}",
    "fingerprint": "{event.host}/{event.name}",
    "episode": "event.id",
    "state": "event.status",
    "severity": "event.level",
    "started_at": "time",
    "url": "link",
}


def sample_of(kind: str) -> str:
    """The sample of a kind, indented to be read."""
    samples = {"alertmanager": _ALERTMANAGER, "grafana": _GRAFANA, "zabbix": _ZABBIX, "generic": _GENERIC}
    return json.dumps(samples[kind], indent=2, ensure_ascii=False)
