"""The button beside a mail that did not arrive."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import SignedInRequest, requires
from tickets.permissions import may
from tickets.selectors.ticket_page import workable_ticket
from tickets.services.mails import resend_mail


@require_POST
@requires("ticket.work")
def resend(request: SignedInRequest, number: str, pk: int) -> HttpResponse:
    """Send one mail to the customer again."""
    ticket = workable_ticket(user=request.user, number=number)
    if not may(request.user, "resend_mail", ticket):
        raise Http404
    try:
        resend_mail(ticket=ticket, delivery_id=pk, actor=request.user)
    except ValidationError as refused:
        messages.error(request, " ".join(refused.messages))
    else:
        messages.success(request, _("It will be sent again."))
    return redirect("workspace:ticket", number=number)
