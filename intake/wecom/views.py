"""The callback of WeCom, and the administrator's page: applications, and whose messages wait."""

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, requires
from intake.wecom.client import try_out
from intake.wecom.crypt import NotOurs
from intake.wecom.forms import WhoForm
from intake.wecom.models import WecomApp, WecomMessage
from intake.wecom.receiving import MOST_BYTES, Envelope, echo, keep
from intake.wecom.taking_in import dismiss, retry, say_who, take_in_due
from outbox import clock, limits
from outbox.bounds import bounded

#: Calls with a wrong signature from one network.
GUESSES_A_MINUTE = 60
#: WeCom itself calls as often as people write.
CALLS_A_MINUTE = 600
_LISTED = 50
_for_administrators = requires("admin.configure")


@csrf_exempt  # it is a machine that calls, and it signs what it sends
@bounded(counted=False)
@require_http_methods(["GET", "POST"])
def callback(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: WeCom verifies the address. POST: a message, kept and answered with nothing at all."""
    now = clock.now()
    app = WecomApp.objects.filter(pk=pk, is_active=True).first()
    asked = [request.GET.get(name, "")[:200] for name in ("msg_signature", "timestamp", "nonce")]
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MOST_BYTES:
        return HttpResponse(status=413)
    try:
        if app is None:
            raise NotOurs("application")
        if request.method == "GET":
            sealed = request.GET.get("echostr", "")[:1000]
            said = echo(app=app, envelope=Envelope(*asked), sealed=sealed, now=now)
            return HttpResponse(said, content_type="text/plain; charset=utf-8")
        if not limits.allow(f"wecom:{app.pk}", limit=CALLS_A_MINUTE, seconds=60, now=now):
            return HttpResponse(status=429)
        keep(app=app, envelope=Envelope(*asked), body=request.body, now=now)
    except NotOurs:
        return _refused(request, now)
    return HttpResponse("success", content_type="text/plain; charset=utf-8")


def _refused(request: HttpRequest, now: datetime) -> HttpResponse:
    if request.method == "POST":  # a GET writes nothing but counters, and those of limits only where they are needed
        key = f"wecom:guess:{limits.network_mark(request)}"
        if not limits.allow(key, limit=GUESSES_A_MINUTE, seconds=60, now=now):
            return HttpResponse(status=429)
    return HttpResponse(status=403)


@_for_administrators
@require_safe
def apps(request: HttpRequest) -> HttpResponse:
    """Applications with the address for WeCom's console, and the messages that wait for somebody."""
    return _page(request)


def _page(request: HttpRequest, *, form: WhoForm | None = None, about: int = 0, status: int = 200) -> HttpResponse:
    rows = list(WecomApp.objects.select_related("team"))
    for row in rows:
        row.address = settings.SITE_URL + reverse("wecom-callback", args=[row.pk])  # type: ignore[attr-defined]
    waiting = WecomMessage.objects.filter(state__in=["held", "failed"]).select_related("app").order_by("-id")
    listed = [(row, form if form and row.pk == about else WhoForm()) for row in waiting[:_LISTED]]
    newest = WecomMessage.objects.select_related("app", "ticket").order_by("-id")[:_LISTED]
    context = {"apps": rows, "waiting": listed, "newest": newest}
    return render(request, "intake/wecom/apps.html", context, status=status)


@_for_administrators
@require_POST
def try_app(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask WeCom whether it takes the application's secret; nothing is sent to anybody."""
    app = get_object_or_404(WecomApp, pk=pk)
    if not app.may_send:
        raise Http404
    if error := try_out(app):
        messages.error(request, _("%(name)s: %(error)s") % {"name": app.name, "error": error})
    else:
        messages.success(request, _("WeCom takes the secret of %(name)s.") % {"name": app.name})
    return redirect("wecom:apps")


@_for_administrators
@require_POST
def who(request: SignedInRequest, pk: int) -> HttpResponse:
    """Say who a sender is; what waits of theirs is taken in."""
    row = get_object_or_404(WecomMessage.objects.select_related("app"), pk=pk, state="held")
    form = WhoForm(request.POST)
    if form.is_valid():
        try:
            count = say_who(message=row, user=form.cleaned_data["user"], actor=request.user, now=clock.now())
        except ValidationError as refused:
            form.add_error("email", refused)
        else:
            take_in_due()
            words = ngettext(
                "%(count)d message of %(who)s was taken in.", "%(count)d messages of %(who)s were taken in.", count
            )
            messages.success(request, words % {"count": count, "who": row.userid})
            return redirect("wecom:apps")
    return _page(request, form=form, about=pk, status=422)


@_for_administrators
@require_POST
def put_away(request: SignedInRequest, pk: int) -> HttpResponse:
    """Put a message away that nobody needs."""
    row = get_object_or_404(WecomMessage, pk=pk)
    if not dismiss(message=row, actor=request.user, now=clock.now()):
        raise Http404
    messages.success(request, _("It was put away."))
    return redirect("wecom:apps")


@_for_administrators
@require_POST
def again(request: SignedInRequest, pk: int) -> HttpResponse:
    """Try a message once more that failed."""
    row = get_object_or_404(WecomMessage, pk=pk)
    if not retry(message=row, actor=request.user, now=clock.now()):
        raise Http404
    take_in_due()
    return redirect("wecom:apps")
