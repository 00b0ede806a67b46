"""The page on which somebody says what they want to hear."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import SignedInRequest, requires
from accounts.forms_notifications import NotificationsForm
from outbox import clock
from outbox.preferences import save_choices
from outbox.quiet import zone_of


@requires()
@require_http_methods(["GET", "HEAD", "POST"])
def notifications(request: SignedInRequest) -> HttpResponse:
    """The choices; POST keeps them."""
    form = NotificationsForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            save_choices(actor=request.user, now=clock.now(), **form.chosen)
        except ValidationError as error:
            form.add_error(None, ValidationError(error.messages))
        else:
            messages.success(request, _("Saved."))
            return redirect("profile-notifications")
    context = {
        "form": form,
        "works_here": request.user.may("workspace.enter"),
        "zone": zone_of(request.user),
        "now": clock.now(),
    }
    return render(request, "accounts/notifications.html", context, status=422 if form.errors else 200)
