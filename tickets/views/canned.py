"""The page of canned answers: one's own, and the shared ones, which the administrator keeps."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import SignedInRequest, requires
from tickets.canned import VARIABLES
from tickets.forms.canned import CannedForm
from tickets.forms.macro import deeds
from tickets.models import CannedAnswer
from tickets.selectors.ticket_page import workable_ticket
from tickets.services.canned import delete_canned


@require_http_methods(["GET", "POST"])
@requires("ticket.note")
def canned(request: SignedInRequest) -> HttpResponse:
    """All that this person may use, and a form for another one."""
    form = CannedForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.write():
        messages.success(request, _("Saved."))
        return redirect("workspace:canned")
    mine = set(CannedAnswer.objects.editable_by(request.user).values_list("pk", flat=True))
    rows = CannedAnswer.objects.usable_by(request.user) | CannedAnswer.objects.filter(pk__in=mine)
    context = {"answers": rows.select_related("team"), "editable": mine, "form": form, "variables": VARIABLES}
    return render(request, "tickets/canned.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@requires("ticket.note")
def canned_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change one."""
    answer = get_object_or_404(CannedAnswer.objects.editable_by(request.user), pk=pk)
    form = CannedForm(request.POST or None, user=request.user, instance=answer)
    if request.method == "POST" and form.write():
        messages.success(request, _("Saved."))
        return redirect("workspace:canned")
    context = {"answer": answer, "form": form, "variables": VARIABLES}
    return render(request, "tickets/canned_edit.html", context, status=422 if form.errors else 200)


@require_GET
@requires("ticket.work")
def macros(request: SignedInRequest, number: str) -> HttpResponse:
    """Fragment: the macros that may be run on a ticket, for its menu."""
    row = workable_ticket(user=request.user, number=number)
    rows = CannedAnswer.objects.usable_by(request.user).macros()
    return render(request, "tickets/_macros.html", {"ticket": row, "macros": [(one, deeds(one)) for one in rows]})


@require_POST
@requires("ticket.note")
def canned_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    """Delete one."""
    answer = get_object_or_404(CannedAnswer.objects.editable_by(request.user), pk=pk)
    delete_canned(answer=answer, actor=request.user)
    messages.success(request, _("Deleted."))
    return redirect("workspace:canned")
