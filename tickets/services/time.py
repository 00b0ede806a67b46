"""Entering and correcting the time that was spent on a ticket."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox.contention import survives_deadlock
from tickets.models import Ticket, TimeEntry
from tickets.services.events import record
from tickets.services.locking import Change, changing

MOST = 1440  # minutes of a day
_LONGEST_AGO = timedelta(days=366)


@survives_deadlock
def log_time(
    *,
    ticket: Ticket,
    actor: User,
    minutes: int,
    day: date | None = None,
    words: str = "",
    now: datetime | None = None,
) -> TimeEntry:
    """Enter ``minutes`` of ``actor``, by default on this day in their time zone.

    Raises:
        PermissionDenied: when ``actor`` does not work on tickets.
        ValidationError: keyed by field, for minutes outside 1 to 1440, a day to come, or one more than a year ago.
    """
    if not actor.may("ticket.note"):
        raise PermissionDenied
    with changing(ticket.pk, now=now, even_merged=True) as change:  # it was spent, whatever became of the ticket
        row = _enter(change, actor, minutes, day or today(actor, change.now), words)
        record(ticket=change.ticket, code="ticket.time", actor=actor, now=change.now, minutes=minutes)
    return row


@survives_deadlock
def correct_time(
    *, entry: TimeEntry, actor: User, minutes: int, words: str | None = None, now: datetime | None = None
) -> TimeEntry | None:
    """Take one's own entry back by another one, and enter ``minutes`` instead unless they are 0; what stands stays.

    Raises:
        PermissionDenied: when it is another person's.
        ValidationError: when it was taken back before, or takes one back itself; or as for `log_time`.
    """
    if entry.user_id != actor.pk:
        raise PermissionDenied
    with changing(entry.ticket_id, now=now, even_merged=True) as change:
        if entry.takes_back_id or TimeEntry.objects.filter(takes_back=entry.pk).exists():
            raise ValidationError(_("This entry was corrected already."), code="corrected")
        common = {"ticket": change.ticket, "user": actor, "day": entry.day, "created_at": change.now}
        TimeEntry.objects.create(**common, minutes=entry.minutes, words=entry.words, takes_back=entry)
        facts = {"source": entry.minutes, "minutes": minutes}
        record(ticket=change.ticket, code="ticket.time.corrected", actor=actor, now=change.now, **facts)
        if minutes == 0:
            return None
        return _enter(change, actor, minutes, entry.day, entry.words if words is None else words)


def today(user: User, now: datetime) -> date:
    """The day that it is for ``user``."""
    zone = ZoneInfo(user.time_zone) if getattr(user, "time_zone", "") else timezone.get_default_timezone()
    return now.astimezone(zone).date()


def _enter(change: Change, actor: User, minutes: int, day: date, words: str) -> TimeEntry:
    if not 1 <= minutes <= MOST:
        raise ValidationError({"minutes": _("Between 1 minute and 24 hours.")})
    here = today(actor, change.now)
    if not here - _LONGEST_AGO <= day <= here:
        raise ValidationError({"day": _("This day is to come, or more than a year ago.")})
    return TimeEntry.objects.create(
        ticket=change.ticket, user=actor, minutes=minutes, day=day, words=words.strip()[:200], created_at=change.now
    )
