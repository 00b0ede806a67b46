"""The facts from which a hand-over note is drafted: what is grave, what was missed, what waits for whom."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts.models import Team, User
from tickets.choices import Status
from tickets.models import Ticket
from tickets.querysets import TicketQuerySet
from tickets.selectors.escalations import GRAVEST_FIRST

#: Lines of one section; a note that lists everything says nothing.
MOST = 10


@dataclass(frozen=True)
class Draft:
    """Text for the form, in the reader's language, and the numbers that it proposes to pin."""

    body: str
    numbers: list[str]


def draft(*, user: User, team: Team, now: datetime) -> Draft:
    """A note of ``team`` at ``now``, in four queries; a section without anything is left out."""
    rows = Ticket.objects.workable_by(user).filter(team=team).unresolved().select_related("assignee")
    rows = rows.only("number", "subject", "severity", "status", "next_due_at", "updated_at", "assignee__name")
    grave = _first(rows.filter(severity__in=["S", "A"]).order_by(GRAVEST_FIRST, F("next_due_at").asc(nulls_last=True)))
    missed = _first(rows.filter(breached_at__isnull=False).order_by("breached_at"))
    free = _first(rows.filter(assignee=None).order_by(F("next_due_at").asc(nulls_last=True)))
    waiting = _first(rows.filter(status__in=[Status.PENDING, Status.ON_HOLD]).order_by("updated_at"))
    sections = [
        (_("Open S and A"), [_line(one, _due(one, now)) for one in grave]),
        (_("Missed, not acknowledged"), [_line(one, _due(one, now)) for one in missed]),
        (_("Nobody has"), [_line(one, _due(one, now)) for one in free]),
        (_("Waiting"), [_line(one, _waits_for(one, now)) for one in waiting]),
    ]
    parts = [f"### {title}\n\n" + "\n".join(lines) for title, lines in sections if lines]
    numbers = list(dict.fromkeys(one.number for one in (*grave, *missed)))
    return Draft("\n\n".join(parts) or _("Nothing grave is open, and nothing was missed."), numbers)


def _first(rows: TicketQuerySet) -> list[Any]:
    return list(rows[:MOST])


def _line(ticket: Any, fact: str) -> str:
    # Brackets and stars of a subject are words here, not Markdown.
    subject = "".join(f"\\{c}" if c in "\\`*_[]<>#" else c for c in " ".join(ticket.subject.split()))
    parts = [f"{ticket.number} ({ticket.severity}) {subject}", fact, ticket.assignee.name if ticket.assignee else ""]
    return "- " + " · ".join(part for part in parts if part)


def _due(ticket: Any, now: datetime) -> str:
    due = ticket.next_due_at
    if due is None:
        return ""
    words = _("overdue since %(instant)s") if due < now else _("next deadline %(instant)s")
    return words % {"instant": _instant(due, now)}


def _waits_for(ticket: Any, now: datetime) -> str:
    since = {"instant": _instant(ticket.updated_at, now)}
    if ticket.status == Status.PENDING:
        return _("waits for the customer, last change %(instant)s") % since
    return _("waits for a third party, last change %(instant)s") % since


def _instant(moment: datetime, now: datetime) -> str:
    """The time alone on the same day."""
    local = timezone.localtime(moment)
    is_today = local.date() == timezone.localtime(now).date()
    return formats.date_format(local, "TIME_FORMAT" if is_today else "SHORT_DATETIME_FORMAT")
