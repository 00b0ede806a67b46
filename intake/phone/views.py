"""The desk's page for a call, and the caller looked up while the number is typed."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import SignedInRequest, requires
from intake.phone.forms import CallForm
from intake.phone.selectors import callers
from intake.phone.services import log_call
from outbox import clock
from tickets.models import Ticket

_for_agents = requires("ticket.work")
_SOMEBODY_ELSE = "new"


@_for_agents
@require_http_methods(["GET", "POST"])
def call(request: SignedInRequest) -> HttpResponse:
    """The form; a telephone system may open it with `?phone=`."""
    if request.method != "POST":
        phone = request.GET.get("phone", "").replace("\x00", "")
        return _page(request, CallForm.empty(user=request.user, phone=phone), phone)
    form = CallForm(request.POST, user=request.user)
    if not form.is_valid():
        return _page(request, form, str(form["phone"].value() or ""), status=422)
    try:
        ticket = log_call(actor=request.user, data=form.cleaned_data, now=clock.now())
    except ValidationError as refused:
        form.add_error(None, refused)
        return _page(request, form, str(form["phone"].value() or ""), status=422)
    said = _("%(number)s is there. Tell the caller its number.") % {"number": ticket.number}
    messages.success(request, said, extra_tags="draft-done:call-new")
    if Ticket.objects.workable_by(request.user).filter(pk=ticket.pk).exists():
        return redirect("workspace:ticket", number=ticket.number)
    messages.info(request, _("It is with %(team)s, whose tickets you do not see.") % {"team": ticket.team})
    return redirect("calls:new")


@_for_agents
@require_GET
def lookup(request: SignedInRequest) -> HttpResponse:
    """Fragment: who it may be, with their open tickets."""
    text = request.GET.get("phone", "").replace("\x00", "")[:100]
    found = callers(user=request.user, text=text)
    return render(request, "intake/phone/_callers.html", {"callers": found, "text": text, "chosen": ""})


def _page(request: SignedInRequest, form: CallForm, text: str, status: int = 200) -> HttpResponse:
    found = callers(user=request.user, text=text.replace("\x00", "")) if text else []
    chosen = str(form["caller"].value() or "")
    if not chosen and "caller" in form.data:  # «somebody else» was chosen, and stays so
        chosen = _SOMEBODY_ELSE
    context = {"form": form, "callers": found, "text": text, "chosen": chosen}
    return render(request, "intake/phone/call.html", context, status=status)
