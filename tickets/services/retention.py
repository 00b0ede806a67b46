"""What tickets forget: links that open nothing, begun texts, what can no longer be undone."""

from datetime import datetime, timedelta

from django.db.models import Q

from tickets.models import AccessLink, BulkEdit, Draft, PutAside, ShiftNote
from tickets.services.drafts import discard

#: Long after a change of many tickets can be taken back; what happened stands in their history.
KEEP_BULK = timedelta(days=1)
#: Who did not come back to a begun text for two months will not.
KEEP_DRAFTS = timedelta(days=60)
#: What a shift told the next one; that a ticket was named stays in its history.
KEEP_NOTES = timedelta(days=365)


def prune(*, now: datetime) -> dict[str, int]:
    """Delete what is old enough; how many of each kind. Safe to run twice. What is on its way is no draft."""
    links, _rows = AccessLink.objects.filter(expires_at__lt=now).delete()
    edits, _rows = BulkEdit.objects.filter(created_at__lt=now - KEEP_BULK).delete()
    aside, _rows = PutAside.objects.filter(until__lt=now).delete()
    left = Draft.objects.filter(Q(updated_at__lt=now - KEEP_DRAFTS) | Q(author__is_active=False), sends_at=None)
    drafts = list(left.select_related("ticket", "author"))
    for draft in drafts:
        discard(ticket=draft.ticket, actor=draft.author)
    old = ShiftNote.objects.filter(written_at__lt=now - KEEP_NOTES)
    notes = old.count()
    old.delete()
    gone = {"links": links, "bulk_edits": edits, "put_aside": aside}
    return gone | {"drafts": len(drafts), "notes": notes}
