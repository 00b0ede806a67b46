"""The page behind `List-Unsubscribe`: GET shows, POST acts. Mail programs press it by themselves (RFC 8058)."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from outbox import clock, unsubscribing
from outbox.bounds import bounded


@csrf_exempt  # a mail program has no cookie to take a form's secret from; the token is the right to leave
@bounded()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Leave one kind of mail, or come back to it."""
    leaving = unsubscribing.open_link(token)
    if leaving is None:
        raise Http404
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        translation.activate(leaving.user.language)
        request.LANGUAGE_CODE = translation.get_language()
    if request.method == "POST":
        if request.POST.get("again"):
            unsubscribing.come_back(leaving, now=clock.now())
        else:
            unsubscribing.leave(leaving, now=clock.now())
    context = {"label": leaving.notice.label, "hears": unsubscribing.hears(leaving), "done": request.method == "POST"}
    answer = render(request, "outbox/unsubscribe.html", context)
    answer["Referrer-Policy"] = "same-origin"  # the address is a key; under «no-referrer» our own forms lack an Origin
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer
