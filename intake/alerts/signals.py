"""What was received, in our terms: pure parsers of the formats of Alertmanager, Grafana, Zabbix and of drawn mappings.

Formats: Alertmanager's webhook, version 4 (prometheus.io, «webhook_config»); Grafana's webhook notifier, which has the
same alerts; Zabbix sends what its script puts together, and docs/chat-and-alerts.md has the script; anything else is
read by the paths that the administrator drew (`intake.alerts.mapping`).
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from intake.alerts.mapping import read_mapped
from intake.alerts.mapping import words as text

#: More in one message are not taken in; senders can be told to send less at once.
MOST_ALERTS = 5000
_MOST_LABELS = 40
_NO_TIME = datetime(1990, 1, 1, tzinfo=UTC)  # Alertmanager writes the year 1 where it knows no instant
_FOR_EVER = datetime(2200, 1, 1, tzinfo=UTC)  # others write the year 9999, which has no local time east of Greenwich


class NotUnderstood(ValueError):
    """This is no message of that format. Its text is for the administrator."""


@dataclass(frozen=True)
class Signal:
    """One alert as it was told once.

    Attributes:
        fingerprint: the same for the same thing, however often it fires.
        episode: the same for one time that it fires; empty where the source does not tell them apart.
        group: what the source puts together; empty: everything.
    """

    fingerprint: str
    name: str
    is_firing: bool
    summary: str = ""
    severity: str = ""
    group: str = ""
    episode: str = ""
    started_at: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    module: str = ""


def read(kind: str, body: str, mapping: Mapping[str, Any]) -> list[Signal]:
    """The alerts in a message of a source of ``kind``, in their order.

    Raises:
        NotUnderstood: no JSON, not this format, or too many at once.
    """
    try:
        payload = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise NotUnderstood(_("This is no JSON.")) from error
    if kind == "generic":
        found = [_mapped(row) for row in read_mapped(payload, mapping)]
    elif isinstance(payload, dict):
        found = _READERS[kind](payload)
    else:
        raise NotUnderstood(_("A JSON object was expected."))
    if len(found) > MOST_ALERTS:
        raise NotUnderstood(_("More than %(max)d alerts in one message.") % {"max": MOST_ALERTS})
    return found


def _no_number(word: str) -> None:
    raise ValueError(word)


def _alertmanager(payload: dict) -> list[Signal]:
    if not isinstance(payload.get("alerts"), list):
        raise NotUnderstood(_("“%(name)s” is missing, or no list.") % {"name": "alerts"})
    group = mark(payload["groupKey"]) if payload.get("groupKey") else ""
    return [_prometheus(row, group) for row in payload["alerts"]]


def _prometheus(row: Any, group: str) -> Signal:
    if not isinstance(row, dict) or row.get("status") not in ("firing", "resolved"):
        raise NotUnderstood(_("An alert has no status “firing” or “resolved”."))
    labels, notes = _texts(row.get("labels")), _texts(row.get("annotations"))
    started_at = instant(row.get("startsAt"))
    name = notes.get("summary", "")
    if not name:
        name = " · ".join(labels[key] for key in ("alertname", "instance") if labels.get(key)) or _("Alert")
    addresses = (row.get(key) for key in ("panelURL", "dashboardURL", "generatorURL"))
    return Signal(
        fingerprint=key_of(row.get("fingerprint") or json.dumps(labels, sort_keys=True)),
        name=_line(name),
        is_firing=row["status"] == "firing",
        summary=notes.get("description") or notes.get("message") or "",
        severity=labels.get("severity", ""),
        group=group,
        episode=started_at.isoformat() if started_at else "",
        started_at=started_at,
        labels=labels,
        url=next((address for each in addresses if (address := link(each))), ""),
        module=labels.get("module", ""),
    )


def _zabbix(payload: dict) -> list[Signal]:
    event, value = text(payload.get("event_id")), text(payload.get("event_value"))
    if not event or value not in ("0", "1"):
        raise NotUnderstood(_("“event_id”, or “event_value” with 0 or 1, is missing."))
    host, name = text(payload.get("host")), text(payload.get("event_name"))
    known = ("host", "host_ip", "trigger_id", "event_tags", "item_value", "operational_data")
    return [
        Signal(
            fingerprint=key_of(f"{text(payload.get('trigger_id')) or name}@{host}"),
            name=_line(name + (f" · {host}" if host and host not in name else "") or _("Alert")),
            is_firing=value == "1",
            summary=text(payload.get("message")),
            severity=text(payload.get("event_severity")),
            group=mark(host) if host else "",
            episode=event[:120],
            started_at=instant(payload.get("event_time")),
            labels={label: text(payload[label])[:300] for label in known if payload.get(label)},
            url=link(payload.get("url")),
            module=text(payload.get("module")),
        )
    ]


def _mapped(row: dict[str, Any]) -> Signal:
    name = _line(row["subject"]) or _("Alert")
    started_at = instant(row["started_at"])
    return Signal(
        fingerprint=key_of(row["fingerprint"] or name),
        name=name,
        is_firing=row["is_firing"],
        summary=row["description"],
        severity=row["severity"],
        group=mark(row["group"]) if row["group"] else "",
        episode=row["episode"][:120] or (started_at.isoformat() if started_at else ""),
        started_at=started_at,
        labels=row["labels"],
        url=link(row["url"]),
        module=row["module"],
    )


_READERS: dict[str, Callable[[dict], list[Signal]]] = {
    "alertmanager": _alertmanager,
    "grafana": _alertmanager,
    "zabbix": _zabbix,
}


def instant(value: Any) -> datetime | None:
    """An instant by ISO 8601 or in seconds; what cannot be meant is none."""
    try:
        seconds = float(text(value)) if not isinstance(value, str) or value.replace(".", "", 1).isdigit() else None
        found = datetime.fromtimestamp(seconds, tz=UTC) if seconds is not None else parse_datetime(text(value))
    except (ValueError, OverflowError, OSError):
        return None
    if found is None:
        return None
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return aware.astimezone(UTC) if _NO_TIME < aware < _FOR_EVER else None


def link(value: Any) -> str:
    """An address to show as a link: http(s) only, else nothing."""
    found = text(value)
    return found if found.startswith(("https://", "http://")) and len(found) <= 1000 and found.isprintable() else ""


def mark(value: Any) -> str:
    """A key of any length as one of 64 characters."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def key_of(value: Any) -> str:
    """A fingerprint as it is kept."""
    found = text(value) or "-"
    return found if len(found) <= 200 else mark(found)


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {text(key)[:100]: text(value[key])[:2000] for key in list(value)[:_MOST_LABELS]}


def _line(value: str) -> str:
    return " ".join(value.split())[:200]
