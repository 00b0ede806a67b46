"""Telling customers about a known incident, and what became of it."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Module
from outbox import clock
from outbox.services import enqueue
from tickets.models import Incident, IncidentFollower, IncidentNews, Ticket
from tickets.services.events import record


@transaction.atomic
def open_incident(
    *,
    name: str,
    text: str,
    actor: User,
    name_en: str = "",
    text_en: str = "",
    state: str = Incident.State.INVESTIGATING,
    modules: Iterable[Module] = (),
    ticket: Ticket | None = None,
    now: datetime | None = None,
) -> Incident:
    """Tell every customer that this is known. ``ticket`` is where colleagues work on it.

    Raises:
        ValidationError: when the headline or the text is empty, or it is to be over at once.
    """
    now = now or clock.now()
    if not name.strip():
        raise ValidationError({"name": _("Give it a headline.")})
    if state == Incident.State.OVER:
        raise ValidationError({"state": _("What is over already need not be told.")})
    incident = Incident.objects.create(
        name=name.strip(), name_en=name_en.strip(), state=state, ticket=ticket, began_at=now
    )
    incident.modules.set(modules)
    _write(incident, state=state, text=text, text_en=text_en, actor=actor, now=now)
    return incident


@transaction.atomic
def tell_news(
    *, incident: Incident, state: str, text: str, actor: User, text_en: str = "", now: datetime | None = None
) -> IncidentNews:
    """Tell how it goes on; whoever follows the incident hears it.

    Raises:
        ValidationError: when the text is empty or the incident is over.
    """
    locked = Incident.objects.select_for_update(of=("self",)).get(pk=incident.pk)
    now = now or clock.now()
    if locked.is_over:
        raise ValidationError(_("This incident is over. Tell of a new one instead."), code="over")
    locked.state = state
    locked.ended_at = now if locked.is_over else None
    locked.save(update_fields=["state", "ended_at"])
    news = _write(locked, state=state, text=text, text_en=text_en, actor=actor, now=now)
    enqueue(kind="incident.news", payload={"news": news.pk}, stream=f"incident:{locked.pk}", now=now)
    return news


def follow_incident(*, incident: Incident, user: User, now: datetime | None = None) -> None:
    """Let ``user`` hear the news of ``incident``; a second time changes nothing."""
    IncidentFollower.objects.get_or_create(incident=incident, user=user, defaults={"created_at": now or clock.now()})


def unfollow_incident(*, incident: Incident, user: User) -> None:
    """Let ``user`` hear nothing more of it."""
    IncidentFollower.objects.filter(incident=incident, user=user).delete()


def _write(incident: Incident, *, state: str, text: str, text_en: str, actor: User, now: datetime) -> IncidentNews:
    if not text.strip():
        raise ValidationError({"text": _("Please write something.")})
    news = IncidentNews.objects.create(
        incident=incident, state=state, text=text.strip(), text_en=text_en.strip(), author=actor, created_at=now
    )
    if incident.ticket:
        record(ticket=incident.ticket, code="incident.told", actor=actor, now=now, incident=incident.pk, state=state)
    return news
