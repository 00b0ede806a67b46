"""Where one is after «Send»: here, at the next ticket, or back at the queue; what was chosen last is chosen again."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from accounts.access import SignedInRequest, is_safe_path
from accounts.services import set_after_send
from tickets.models import Draft, Message, Ticket
from tickets.selectors import ticket_page as selectors
from tickets.services.drafts import HOLD
from tickets.views import composing


def after_sending(request: SignedInRequest, row: Ticket, sent: Message | Draft, *, then: str) -> HttpResponse:
    """Go where ``then`` says and remember it; what may still be taken back is told to the page that comes."""
    if then and then != request.user.after_send:
        set_after_send(actor=request.user, choice=then)
    response: HttpResponse
    if then in ("next", "queue"):
        address = _next(request, row) if then == "next" else _queue(request)
        response = HttpResponseClientRedirect(address) if request.htmx else redirect(address)
    elif not request.htmx:
        return redirect(f"{reverse('workspace:ticket', args=[row.number])}#m{sent.pk}")
    else:
        response = composing.composer(request, row.number, toast="" if isinstance(sent, Draft) else _("Sent."))
    if isinstance(sent, Draft):
        trigger_client_event(response, "reply:held", _held(row))
    return response


def _held(row: Ticket) -> dict[str, str | int]:
    """What any page needs to count down and to take back."""
    return {
        "number": row.number,
        "seconds": int(HOLD.total_seconds()),
        "page": reverse("workspace:ticket", args=[row.number]),
        "undo": reverse("workspace:take-back", args=[row.number]),
        "send": reverse("workspace:send-now", args=[row.number]),
    }


def _next(request: SignedInRequest, row: Ticket) -> str:
    """The ticket below this one in the queue one came from, which the page knows; else wherever work goes on."""
    number = request.POST.get("next", "")
    seen = Ticket.objects.workable_by(request.user)
    if number != row.number and seen.numbered([number]).exists():
        return reverse("workspace:ticket", args=[number])
    return selectors.address_of("workspace:next") or _queue(request)


def _queue(request: SignedInRequest) -> str:
    """The queue as one left it, else the first view."""
    address = request.POST.get("queue", "")
    queue = reverse("workspace:queue")
    return address if is_safe_path(address) and address.startswith(queue) else queue
