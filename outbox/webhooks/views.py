"""Pages of webhooks, for whoever configures: endpoints, their secrets, what they were told, sending it again."""

import json
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from outbox import clock
from outbox.models import WebhookCall, WebhookEndpoint
from outbox.views import SignedInRequest, requires
from outbox.webhooks import selectors, services, signing
from outbox.webhooks.forms import WebhookForm

_for_administrators = requires("admin.configure")


@_for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: SignedInRequest) -> HttpResponse:
    """All endpoints, and a form for another one; its secret is shown in the answer to the form alone."""
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and (written := form.write(actor=request.user, now=clock.now())):
        endpoint, secret = written
        return _endpoint_page(request, endpoint, secret=secret)
    context = {"endpoints": selectors.endpoints(), "form": form}
    return render(request, "outbox/webhooks.html", context, status=422 if form.errors else 200)


@_for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
def webhook(request: SignedInRequest, pk: int) -> HttpResponse:
    """One endpoint with its calls, and the form that changes it."""
    endpoint = get_object_or_404(WebhookEndpoint, pk=pk)
    form = WebhookForm(request.POST if request.method == "POST" else None, instance=endpoint)
    if request.method == "POST":
        if form.write(actor=request.user, now=clock.now()):
            messages.success(request, _("Saved."))
            return redirect("outbox:webhook", pk)
        endpoint = get_object_or_404(WebhookEndpoint, pk=pk)  # the form wrote what was refused into the row
    return _endpoint_page(request, endpoint, form=form, status=422 if form.errors else 200)


@_for_administrators
@require_POST
def webhook_rotate(request: SignedInRequest, pk: int) -> HttpResponse:
    """Replace the secret; the new one is shown in this answer alone."""
    endpoint = get_object_or_404(WebhookEndpoint, pk=pk)
    seen = request.POST.get("seen", "")
    try:
        secret = services.rotate_secret(actor=request.user, endpoint=endpoint, seen=seen, now=clock.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("outbox:webhook", pk)
    endpoint.refresh_from_db()
    return _endpoint_page(request, endpoint, secret=secret, rotated=True)


@_for_administrators
@require_POST
def webhook_test(request: SignedInRequest, pk: int) -> HttpResponse:
    """Send a call that tells of nothing."""
    endpoint = get_object_or_404(WebhookEndpoint, pk=pk)
    services.send_test(actor=request.user, endpoint=endpoint, now=clock.now())
    messages.success(request, _("A test call is on its way."))
    return redirect("outbox:webhook", pk)


@_for_administrators
@require_POST
def webhook_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    """Forget an endpoint with its calls."""
    services.delete_endpoint(actor=request.user, endpoint=get_object_or_404(WebhookEndpoint, pk=pk))
    messages.success(request, _("Deleted."))
    return redirect("outbox:webhooks")


@_for_administrators
@require_POST
def webhook_replay(request: SignedInRequest, pk: int) -> HttpResponse:
    """Send everything again that was given up."""
    endpoint = get_object_or_404(WebhookEndpoint, pk=pk)
    count = services.replay(actor=request.user, endpoint=endpoint, now=clock.now())
    said = ngettext("%(count)d call will be sent again.", "%(count)d calls will be sent again.", count)
    messages.success(request, said % {"count": count})
    return redirect("outbox:webhook", pk)


@_for_administrators
@require_safe
def webhook_call(request: SignedInRequest, pk: int) -> HttpResponse:
    """One call: its body, and what came back."""
    row = get_object_or_404(WebhookCall.objects.select_related("endpoint"), pk=pk)
    body = json.dumps(row.body, ensure_ascii=False, indent=2, sort_keys=True)
    return render(request, "outbox/webhook_call.html", {"call": row, "endpoint": row.endpoint, "body": body})


@_for_administrators
@require_POST
def webhook_call_replay(request: SignedInRequest, pk: int) -> HttpResponse:
    """Send one call again."""
    row = get_object_or_404(WebhookCall.objects.select_related("endpoint"), pk=pk)
    if services.replay(actor=request.user, endpoint=row.endpoint, call_id=row.pk, now=clock.now()):
        messages.success(request, _("It will be sent again."))
    else:
        messages.info(request, _("Somebody sent it again already."))
    return redirect("outbox:webhook-call", pk)


def _endpoint_page(
    request: SignedInRequest, endpoint: WebhookEndpoint, *, status: int = 200, **given: Any
) -> HttpResponse:
    """The page of an endpoint; ``given``: the form that came back, or a secret to show."""
    state = request.GET.get("state", "")
    page = Paginator(selectors.calls(endpoint=endpoint, state=state), selectors.PAGE).get_page(request.GET.get("page"))
    context = {
        "endpoint": selectors.endpoints().get(pk=endpoint.pk),
        "form": WebhookForm(instance=endpoint),
        "page_obj": page,
        "state": state,
        "states": WebhookCall.State.choices,
        "seen": signing.mark_of(endpoint.sealed_secret),
        "now": clock.now(),
    }
    return render(request, "outbox/webhook.html", context | given, status=status)
