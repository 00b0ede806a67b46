"""Private links: status links that show a ticket, and action links that answer «solved?» once."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db.models import Q
from django.urls import reverse
from django.utils.crypto import salted_hmac

from accounts.models import STAND_INS, User
from outbox.contention import survives_deadlock
from tickets.models import AccessLink, Ticket
from tickets.services.events import record
from tickets.services.locking import changing

STATUS_LINK_AGE = timedelta(days=180)
ANSWER_LINK_AGE = timedelta(days=30)
_ANSWER_SALT = "tickets.answer"


def reads(person: str) -> Q:
    """Whose links open: of ``person`` who is active, or who stands for an ID of a chat, where the link was told."""
    return Q(**{f"{person}__is_active": True}) | Q(**{f"{person}__email__endswith": STAND_INS})


def mint_status_link(*, ticket: Ticket, user: User, now: datetime, seed: str = "") -> str:
    """A private link by which ``user`` can follow and answer one ticket; only its hash is kept. Returns the URL.

    With a ``seed`` the token is derived by HMAC, so that the same request gets the same link again.
    """
    token = _derived(ticket, seed) if seed else secrets.token_urlsafe(32)
    AccessLink.objects.get_or_create(
        token_hash=_hash(token),
        defaults={"ticket": ticket, "user": user, "created_at": now, "expires_at": now + STATUS_LINK_AGE},
    )
    return settings.SITE_URL + reverse("portal:status", args=[token])


def way_in(*, ticket: Ticket, user: User, now: datetime) -> str:
    """Where ``user`` reads and answers the ticket: signed in, else by a private link made for this occasion."""
    if user.has_usable_password():
        return settings.SITE_URL + reverse("portal:ticket", args=[ticket.number])
    return mint_status_link(ticket=ticket, user=user, now=now)


def open_status_link(token: str, *, now: datetime) -> AccessLink | None:
    """The link behind ``token`` if it is neither expired nor revoked."""
    live = AccessLink.objects.select_related("ticket", "user").filter(
        reads("user"), revoked_at=None, expires_at__gt=now
    )
    return live.filter(token_hash=_hash(token)).first()


@survives_deadlock
def revoke_status_links(*, ticket: Ticket, actor: User, now: datetime | None = None) -> int:
    """Make every private link of a ticket useless, those that ask «solved?» too; how many status links there were."""
    with changing(ticket.pk, now=now) as change:
        change.set(link_generation=change.ticket.link_generation + 1)
        # The links of duplicates lead here too.
        leads_here = Q(ticket=ticket) | Q(ticket__merged_into=ticket)
        count = AccessLink.objects.filter(leads_here, revoked_at=None).update(revoked_at=change.now)
        record(ticket=change.ticket, code="ticket.links_revoked", actor=actor, now=change.now, count=count)
    return count


def answer_link(*, ticket: Ticket, cycle: int) -> str:
    """The URL of the «solved / not solved» page for the resolution of ``cycle``: derived by HMAC, nothing is stored.

    It is spent as soon as the resolution is answered or the ticket enters another cycle.
    """
    data = {"t": ticket.pk, "c": cycle, "g": ticket.link_generation}
    token = signing.dumps(data, salt=_ANSWER_SALT, compress=False)
    return settings.SITE_URL + reverse("portal:answer", args=[token])


def open_answer_link(token: str) -> tuple[Ticket, int] | None:
    """(ticket, cycle) behind an answer link; None when it is forged, too old, revoked, or its reader is gone."""
    try:
        data = signing.loads(token, salt=_ANSWER_SALT, max_age=ANSWER_LINK_AGE)
        pk, cycle, generation = data["t"], data["c"], data["g"]
    except (signing.BadSignature, KeyError, TypeError):
        return None
    rows = Ticket.objects.select_related("requester").filter(reads("requester"), link_generation=generation)
    ticket = rows.filter(pk=pk).first()
    return (ticket, cycle) if ticket else None


def _derived(ticket: Ticket, seed: str) -> str:
    return salted_hmac("tickets.status-link", f"{ticket.pk}:{seed}", algorithm="sha256").hexdigest()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
