"""Everything by name: what the command palette shows while somebody types."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, requires
from tickets.selectors import palette

_MOST_TEXT = 200


@require_GET
@requires("workspace.enter")
def found(request: SignedInRequest) -> HttpResponse:
    """Fragment: groups of hits for `q`; the tickets of `recent` when nothing was typed yet."""
    text = request.GET.get("q", "").strip()[:_MOST_TEXT].replace("\0", "")
    if text:
        groups = palette.found(user=request.user, text=text)
    else:
        groups = palette.recent(user=request.user, numbers=request.GET.get("recent", "")[:_MOST_TEXT].split(","))
    return render(request, "workspace/_palette_hits.html", {"groups": groups})
