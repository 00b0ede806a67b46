"""What the queue knows of deadlines: the next due instant on the ticket itself, kept by one set-based statement."""

from collections.abc import Collection

from django.db import connection

# In SQL, because every change of every ticket runs it and building it by the ORM took longer than the database does.
# A ticket whose instant stays is not written again.
_REFRESH = """
    UPDATE tickets_ticket SET next_due_at = due.first
    FROM (
        SELECT t.id, (SELECT min(c.due_at) FROM sla_clock c WHERE c.ticket_id = t.id AND c.state = 'running') AS first
        FROM tickets_ticket t WHERE t.id = ANY(%s)
    ) AS due
    WHERE tickets_ticket.id = due.id AND tickets_ticket.next_due_at IS DISTINCT FROM due.first
"""


def refresh_next_due(ticket_ids: Collection[int]) -> None:
    """Write the earliest due instant of the running clocks onto each ticket; none runs: none is written."""
    if ticket_ids:
        with connection.cursor() as cursor:
            cursor.execute(_REFRESH, [sorted(ticket_ids)])
