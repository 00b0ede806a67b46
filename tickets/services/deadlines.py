"""What the queues know of deadlines, on the ticket itself, kept by one set-based statement."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection

# In SQL, because every change of every ticket runs it and building it by the ORM took longer than the database does.
# A ticket whose instants stay is not written again, and none is written twice: its row has many indexes.
_REFRESH = """
    UPDATE tickets_ticket SET next_due_at = due.first, breached_at = coalesce(breached_at, %(escalated_at)s)
    FROM (
        SELECT t.id, (SELECT min(c.due_at) FROM sla_clock c WHERE c.ticket_id = t.id AND c.state = 'running') AS first
        FROM tickets_ticket t WHERE t.id = ANY(%(tickets)s)
    ) AS due
    WHERE tickets_ticket.id = due.id AND (
        tickets_ticket.next_due_at IS DISTINCT FROM due.first
        OR (tickets_ticket.breached_at IS NULL AND %(escalated_at)s IS NOT NULL)
    )
"""


def refresh_next_due(ticket_ids: Collection[int], *, escalated_at: datetime | None = None) -> None:
    """Write the earliest due instant of the running clocks onto each ticket; none runs: none is written.

    With ``escalated_at`` they also take their place in the lead's queue, unless they stand there since earlier.
    """
    if ticket_ids:
        with connection.cursor() as cursor:
            cursor.execute(_REFRESH, {"tickets": sorted(ticket_ids), "escalated_at": escalated_at})
