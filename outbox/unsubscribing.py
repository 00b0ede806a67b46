"""Leaving a kind of mail with one click (RFC 8058): the link in its head, and what a press on it does.

Whoever has the link may leave and nothing else: it names one person and one kind, is signed, and ends by itself. GET
shows, because mail scanners follow links; POST acts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import signing
from django.urls import reverse

from outbox import preferences, registry
from outbox.models import Delivery
from outbox.registry import Notice

LINK_AGE = timedelta(days=180)
_SALT = "outbox.unsubscribe"


@dataclass(frozen=True)
class Leaving:
    """Who may leave what by a link."""

    user: Any
    notice: Notice


def headers(delivery: Delivery) -> dict[str, str]:
    """The two headers by which mail programs offer it; none for an address without an account."""
    if delivery.user_id is None:
        return {}
    return {
        "List-Unsubscribe": f"<{link(user_id=delivery.user_id, kind=delivery.intent.kind)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def link(*, user_id: int, kind: str) -> str:
    """The address at which ``user_id`` leaves mails of ``kind``."""
    token = signing.dumps({"u": user_id, "k": kind}, salt=_SALT)
    return settings.SITE_URL + reverse("outbox:unsubscribe", args=[token])


def open_link(token: str) -> Leaving | None:
    """Who may leave what; None when the token is forged or too old, or its person is gone."""
    try:
        data = signing.loads(token, salt=_SALT, max_age=LINK_AGE)
        user_id, kind = data["u"], data["k"]
        notice = registry.get(kind)
    except (signing.BadSignature, KeyError, TypeError, registry.UnknownKind):
        return None
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    return Leaving(user, notice) if user is not None and notice.bulk else None


def hears(leaving: Leaving) -> bool:
    """Whether mails of this kind still come."""
    return preferences.hears_by_mail(user=leaving.user, notice=leaving.notice)


def leave(leaving: Leaving, *, now: datetime) -> None:
    """No mail of this kind any more."""
    preferences.set_by_link(user=leaving.user, notice=leaving.notice, wanted=False, now=now)


def come_back(leaving: Leaving, *, now: datetime) -> None:
    """Mails of this kind again: it was a slip."""
    preferences.set_by_link(user=leaving.user, notice=leaving.notice, wanted=True, now=now)
