"""Files of messages: for those who may read the message, never run by the browser.

Whatever it is, a file is sent as what its content was checked for (`nosniff`) and under a policy that runs nothing.
Pictures, and PDF in the browser's own viewer, are shown; everything else is saved when it is opened by itself. A video
plays inside our pages all the same, for a player does not ask whether its source is to be saved.
"""

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, requires
from accounts.models import User
from tickets.choices import MessageKind
from tickets.forms.lines import LinesForm
from tickets.log_lines import Sheet, read_sheet
from tickets.models import Attachment, Ticket
from tickets.previews import IMAGES, PDF, is_packed_text, shape_of
from tickets.ranges import cut

_POLICY = "sandbox; default-src 'none'"
#: Browsers run no PDF viewer of theirs in a sandbox. The viewer is a page of the browser, apart from our origin, and
#: lets the document fetch nothing and reach nobody; a PDF can be framed nowhere.
_PDF_POLICY = (
    "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
)


@require_GET
@requires()
def attachment(request: SignedInRequest, pk: int) -> FileResponse:
    """One file. What somebody may not see is not found, as is what does not exist."""
    return serve(request, _readable(request.user, pk))


@require_GET
@requires("workspace.enter")
def lines(request: SignedInRequest, pk: int) -> HttpResponse:
    """A text file by pages of lines: a page of its own, and a fragment for the dialog of the ticket page."""
    row = _readable(request.user, pk)
    if shape_of(row) != "lines":
        raise Http404
    ticket = Ticket.objects.workable_by(request.user).filter(pk=row.message.ticket_id).first()
    if ticket is None:
        raise Http404
    form = LinesForm(request.GET)
    wish = form.wish()
    context: dict[str, Any] = {"file": row, "ticket": ticket, "form": form, "wish": wish, "sheet": _sheet(row, wish)}
    context["no_text"] = _("The file holds no text. Save it to open it.")
    return render(request, "tickets/_lines.html" if request.htmx else "tickets/lines.html", context)


def _sheet(row: Attachment, wish: Any) -> Sheet:
    try:
        with row.file.open("rb") as file:
            return read_sheet(file.file, wish=wish, packed=is_packed_text(row))
    except OSError as error:
        raise Http404 from error


def _readable(user: User, pk: int) -> Attachment:
    """The file ``pk`` as ``user`` may have it.

    Raises:
        Http404: there is none, or it is not for this person; both look the same.
    """
    row = Attachment.objects.select_related("message").filter(pk=pk).first()
    if row is None:
        raise Http404
    tickets = Ticket.objects.workable_by if row.message.kind == MessageKind.NOTE else Ticket.objects.visible_to
    if not tickets(user).filter(pk=row.message.ticket_id).exists():
        raise Http404
    return row


def serve(request: HttpRequest, row: Attachment) -> FileResponse:
    """Send the file of ``row``, or the part of it that is asked for; the caller has checked that it may be read."""
    try:
        content = row.file.open("rb")
    except OSError as error:
        raise Http404 from error
    shown = row.content_type in IMAGES or row.content_type == PDF
    response = FileResponse(content, as_attachment=not shown, filename=row.name, content_type=row.content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = _PDF_POLICY if row.content_type == PDF else _POLICY
    response["Cache-Control"] = "private, no-store"
    # Nothing names a version of a file here, so that what was asked for on the condition of one is sent whole.
    asked = "" if "If-Range" in request.headers else request.headers.get("Range", "")
    return cut(response, content.file, asked, content.size)
