"""How much time was spent on a ticket."""

from django.db.models import Case, F, IntegerField, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from accounts.models import User
from tickets.models import Ticket, TimeEntry

_COUNTS = Case(When(takes_back=None, then=F("minutes")), default=-F("minutes"), output_field=IntegerField())


def minutes_spent() -> Coalesce:
    """The minutes of the outer ticket, as an annotation; what was taken back does not count."""
    rows = TimeEntry.objects.filter(ticket=OuterRef("pk")).order_by().values("ticket")
    return Coalesce(Subquery(rows.annotate(total=Sum(_COUNTS)).values("total"), output_field=IntegerField()), Value(0))


def entries_of(*, ticket: Ticket) -> QuerySet[TimeEntry]:
    """Every entry of a ticket, corrections too, the newest first."""
    return TimeEntry.objects.filter(ticket=ticket).select_related("user").order_by("-pk")


def correctable(*, ticket: Ticket, user: User) -> QuerySet[TimeEntry]:
    """The entries of ``user`` that still count."""
    return entries_of(ticket=ticket).filter(user=user, takes_back=None, taken_back_by=None)
