"""Changes that concern several tickets at once."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from django.db import transaction

from outbox import clock
from tickets.models import Ticket
from tickets.services.locking import Change, changing


@contextmanager
def changing_together(tickets: Iterable[Ticket], *, now: datetime | None = None) -> Iterator[dict[int, Change]]:
    """As `changing` for each of ``tickets``, by id: locked in the order of their ids, and at one instant.

    Raises:
        MergedTicket: when one of them was merged into another one.
    """
    ids = sorted({ticket.pk for ticket in tickets})
    with transaction.atomic(), ExitStack() as stack:
        list(Ticket.objects.filter(pk__in=ids).order_by("pk").select_for_update(of=("self",)).values_list("pk"))
        instant = now or clock.now()
        yield {pk: stack.enter_context(changing(pk, now=instant)) for pk in ids}
