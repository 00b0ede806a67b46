"""How full somebody is: one count for the automatic choice, the form of hand-over and the team board."""

from django.db.models import Count, IntegerField, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from tickets.models import Ticket


def open_tickets(*, of: str = "pk") -> Coalesce:
    """The unresolved tickets of the outer row's user, of every team, as an annotation; ``of`` names that user."""
    held = Ticket.objects.unresolved().filter(assignee=OuterRef(of)).order_by().values("assignee")
    return Coalesce(Subquery(held.annotate(total=Count("pk")).values("total"), output_field=IntegerField()), Value(0))
