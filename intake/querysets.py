"""Who may see which mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from accounts.models import User

#: The permission to look through mails that became no message, and to decide about them.
SORT = "mail.sort"


class InboundMailQuerySet(models.QuerySet):
    """Mails that came in, narrowed to what somebody may see."""

    def visible_to(self, user: User) -> InboundMailQuerySet:
        """The mails that ``user`` may see from the inside.

        Who sorts mail sees all of them when they see every ticket, else those of their teams' mailboxes; a mail that
        belongs to a ticket is seen by whoever works on that ticket.
        """
        if not getattr(user, "is_authenticated", False) or not user.acts or user.is_customer:
            return self.none()
        if user.may(SORT) and user.may("ticket.view_all"):
            return self.all()
        from tickets.models import Ticket

        seen = Q(ticket__in=Ticket.objects.workable_by(user).order_by().values("pk"))
        if user.may(SORT):
            from accounts.selectors import teams_in_reach

            # One that belongs to a ticket is seen with the ticket alone.
            seen |= Q(mailbox__team_id__in=teams_in_reach(user=user), ticket__isnull=True)
        return self.filter(seen)

    def decidable_by(self, user: User) -> InboundMailQuerySet:
        """The visible mails about which ``user`` may decide: by sorting mail, or working on the ticket it waits at."""
        seen = self.visible_to(user)
        if getattr(user, "is_authenticated", False) and user.may(SORT):
            return seen
        if getattr(user, "is_authenticated", False) and user.may("ticket.work"):
            return seen.filter(ticket__isnull=False)
        return self.none()
