"""Files of messages: for those who may read the message, never run by the browser."""

from django.http import FileResponse, Http404
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, requires
from tickets.choices import MessageKind
from tickets.models import Attachment, Ticket

#: Pictures that hold no script; everything else is saved, not shown.
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@require_GET
@requires()
def attachment(request: SignedInRequest, pk: int) -> FileResponse:
    """One file. What somebody may not see is not found, as is what does not exist."""
    row = Attachment.objects.select_related("message").filter(pk=pk).first()
    if row is None:
        raise Http404
    tickets = Ticket.objects.workable_by if row.message.kind == MessageKind.NOTE else Ticket.objects.visible_to
    if not tickets(request.user).filter(pk=row.message.ticket_id).exists():
        raise Http404
    return serve(row)


def serve(row: Attachment) -> FileResponse:
    """Send the file of ``row``; the caller has checked that this reader may have it."""
    try:
        content = row.file.open("rb")
    except OSError as error:
        raise Http404 from error
    shown = row.content_type in SHOWN
    response = FileResponse(content, as_attachment=not shown, filename=row.name, content_type=row.content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    return response
