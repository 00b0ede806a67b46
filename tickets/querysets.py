"""Who may see what: every page, API call, search, count and push starts here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import BooleanField, Case, Func, IntegerField, Q, Value, When
from django.db.models.functions import Least

from sla.choices import Severity
from tickets.choices import UNRESOLVED

if TYPE_CHECKING:
    from accounts.models import User


#: How a ticket is called.
NUMBER = "T[0-9]{1,12}"
#: Where a ticket stands in the order of deadlines. An urged one stands as if it were due when it was urged: behind what
#: was overdue then, before all that falls due later. PostgreSQL leaves out what is NULL; the indexes are of this too.
DUE_OR_URGED = Least("next_due_at", "urged_at")
GRAVEST_FIRST = Case(
    *(When(severity=severity, then=Value(severity.rank)) for severity in Severity), output_field=IntegerField()
)


IS_UNRESOLVED = Q(status__in=[status.value for status in UNRESOLVED])
#: A clock that runs on after the resolution is that of the report; there is no other.
OWES_REPORT = Q(status__in=["resolved", "closed"], next_due_at__isnull=False)


class AnyOf(Func):
    """Whether a value is in an array: read once, and found by an index beside others of an OR, which EXISTS is not."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


class TicketQuerySet(models.QuerySet):
    """Tickets, narrowed to what somebody may see."""

    def visible_to(self, user: User) -> TicketQuerySet:
        """The tickets that ``user`` may see at all.

        Requesters see their own (and their organization's, when they have that right); agents and leads those of
        their teams and of the teams below; whoever is assigned, called in or watching sees that ticket; managers
        and administrators see all; anonymous people see none.
        """
        if not getattr(user, "is_authenticated", False) or not user.acts:
            return self.none()
        if user.may("ticket.view_all"):
            return self.all()
        allowed = Q(requester_id=user.pk)
        if user.sees_organization and user.organization_id:
            allowed |= Q(organization_id=user.organization_id)
        if user.may("ticket.view_called"):
            from tickets.models import Participant

            allowed |= Q(assignee_id=user.pk)
            called = Participant.objects.filter(user=user).order_by().values("ticket")
            allowed |= Q(AnyOf("pk", ArraySubquery(called)))
        if user.may("ticket.view_team"):
            from accounts.selectors import teams_in_reach

            allowed |= Q(team_id__in=teams_in_reach(user=user))
        return self.filter(allowed)

    def workable_by(self, user: User) -> TicketQuerySet:
        """The visible tickets that ``user`` sees from the inside, with notes; never one's own as a customer."""
        if not getattr(user, "is_authenticated", False) or user.is_customer:
            return self.none()
        visible = self.visible_to(user)
        if user.may("ticket.view_all"):
            return visible
        return visible.exclude(requester_id=user.pk)

    def numbered(self, numbers: Iterable[str]) -> TicketQuerySet:
        """Those called ``numbers``, as a request names them. What is no number calls none and is not sought."""
        return self.filter(number__in=[number for number in numbers if re.fullmatch(NUMBER, number)])

    def unresolved(self) -> TicketQuerySet:
        return self.filter(IS_UNRESOLVED)

    def owing(self) -> TicketQuerySet:
        """What is worked on, and what is resolved but owes its root cause report."""
        return self.filter(IS_UNRESOLVED | OWES_REPORT)
