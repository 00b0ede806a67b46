"""The original of a message: the HTML of a mail, in a sandbox that runs and fetches nothing."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, requires
from tickets.mail_html import clean, drawn_inside
from tickets.models import MessageSource, Ticket

_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'self' 'unsafe-inline'; "
    "img-src {images}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


@require_GET
@requires("workspace.enter")
@xframe_options_sameorigin
def original(request: SignedInRequest, pk: int) -> HttpResponse:
    """For colleagues only; with ``images`` in the address also what the mail fetches from elsewhere."""
    seen = Ticket.objects.workable_by(request.user)
    source = MessageSource.objects.filter(pk=pk, message__ticket__in=seen).first()
    if source is None:
        raise Http404
    with_remote = "images" in request.GET
    images = drawn_inside(source.message.attachments.all())
    html = clean(source.html, images=images, with_remote=with_remote)
    response = render(request, "tickets/original.html", {"html": html})
    response["Content-Security-Policy"] = _POLICY.format(images="data: https:" if with_remote else "data:")
    response["Referrer-Policy"] = "no-referrer"  # who reads a mail is not the sender's business
    response["Cache-Control"] = "private, no-store"
    return response
