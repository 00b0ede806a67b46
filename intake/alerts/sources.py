"""Keys of monitoring sources, the person that stands for each, and what a fresh one understands."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.authentication import PREFIX_LENGTH, hashed, new_secret
from accounts.models import User
from accounts.services.people import stand_in
from intake.alerts.models import AlertGrade, AlertSource
from outbox.sealing import Unreadable, seal, unseal
from tickets.choices import Impact, Urgency

#: A signature with a time in it is good for so long; a copy of an old message is then worth nothing.
SIGNED_WITHIN = timedelta(minutes=5)

_GRAVE = (Impact.BUSINESS, Urgency.BLOCKED)
_HIGH = (Impact.MANY, Urgency.BLOCKED)
_MIDDLE = (Impact.FEW, Urgency.IMPAIRED)
_LOW = (Impact.ONE, Urgency.NORMAL)
_PROMETHEUS = {"critical": _GRAVE, "error": _HIGH, "warning": _MIDDLE, "info": _LOW, "none": _LOW}
#: What the severities of a fresh source mean; rows that the administrator changes.
_WORDS = {
    AlertSource.Kind.ALERTMANAGER: _PROMETHEUS,
    AlertSource.Kind.GRAFANA: _PROMETHEUS,
    AlertSource.Kind.GENERIC: _PROMETHEUS,
    AlertSource.Kind.ZABBIX: {
        "disaster": _GRAVE,
        "high": _HIGH,
        "average": _MIDDLE,
        "warning": _MIDDLE,
        "information": _LOW,
        "not classified": _LOW,
    },
}


@transaction.atomic
def settle_source(*, source: AlertSource, actor: User, now: datetime) -> None:
    """Give a source what it lacks: the person that stands for it, and the usual severities of its kind.

    Raises:
        PermissionDenied: ``actor`` does not set the system up.
    """
    _demand_administrator(actor)
    if source.person_id is None:
        source.person = stand_in(key=f"alerts-{source.pk}", name=source.name, language=source.language)
        source.save(update_fields=["person"])
    if not source.grades.exists():
        rows = [
            AlertGrade(source=source, word=word, impact=impact, urgency=urgency)
            for word, (impact, urgency) in _WORDS[AlertSource.Kind(source.kind)].items()
        ]
        AlertGrade.objects.bulk_create(rows)


@transaction.atomic
def issue_key(*, source: AlertSource, actor: User, now: datetime) -> str:
    """A new key of 256 random bits; the one before ends at once. It is returned here and told nowhere else.

    A token is kept as its hash. A signature needs the key itself, which is kept sealed.

    Raises:
        PermissionDenied: ``actor`` does not set the system up.
    """
    _demand_administrator(actor)
    secret = new_secret()
    signs = source.proof == AlertSource.Proof.HMAC
    source.key_prefix = secret[:PREFIX_LENGTH]
    source.key_hash = "" if signs else hashed(secret)
    source.sealed_key = seal(secret) if signs else ""
    source.save(update_fields=["key_prefix", "key_hash", "sealed_key"])
    return secret


def save_mapping(*, source: AlertSource, mapping: dict[str, str], actor: User, now: datetime) -> None:
    """Keep how messages of a source are read.

    Raises:
        PermissionDenied: ``actor`` does not set the system up.
    """
    _demand_administrator(actor)
    source.mapping = mapping
    source.save(update_fields=["mapping"])


def is_proven(*, source: AlertSource | None, headers: Mapping[str, Any], body: bytes, now: datetime) -> bool:
    """Whether a message is from ``source``: by its key, or by the signature of the very bytes that came."""
    if source is None or not source.is_active:
        return False
    if source.proof == AlertSource.Proof.TOKEN:
        scheme, _space, given = str(headers.get("Authorization", "")).partition(" ")
        fits = hmac.compare_digest(hashed(given.strip()), source.key_hash or "-")
        return scheme.lower() == "bearer" and bool(given.strip()) and fits
    try:
        key = unseal(source.sealed_key)
    except Unreadable:
        return False
    return bool(key) and _is_signed(key, headers, body, now)


def _is_signed(key: str, headers: Mapping[str, Any], body: bytes, now: datetime) -> bool:
    """Grafana's header, with its optional time in front of the body, or the one that many others use."""
    signed = body
    if stamp := str(headers.get("X-Grafana-Alerting-Timestamp", "")):
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 13):
            return False
        if abs(now.timestamp() - int(stamp)) > SIGNED_WITHIN.total_seconds():
            return False
        signed = stamp.encode() + b":" + body
    given = str(headers.get("X-Grafana-Alerting-Signature") or headers.get("X-Hub-Signature-256") or "")
    expected = hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(given.strip().lower().removeprefix("sha256=").encode(), expected.encode())


def _demand_administrator(actor: User) -> None:
    if not actor.may("admin.configure"):
        raise PermissionDenied
