"""The policies in their order, what applying them would change on open tickets, and the order to apply them."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRefresh

from accounts.access import SignedInRequest, requires
from outbox import clock
from tickets.models import PolicyRun
from tickets.promises import amount_text
from tickets.selectors import policies as selectors
from tickets.services.policies import apply_policies


@requires("admin.configure")
@require_http_methods(["GET", "HEAD", "POST"])
def policies(request: SignedInRequest) -> HttpResponse:
    """GET shows the preview, and how far an order got; POST orders what was previewed."""
    if request.method == "POST":
        return _apply(request)
    if request.htmx:  # the page asks how far the order got
        runs = selectors.runs()
        if not _any_unfinished(runs):
            return HttpResponseClientRefresh()
        return render(request, "helpdesk/_policy_runs.html", {"runs": runs})
    return _page(request)


def _apply(request: SignedInRequest) -> HttpResponse:
    try:
        run = apply_policies(actor=request.user, digest=request.POST.get("digest", ""))
    except ValidationError as error:
        return _page(request, problems=error.messages, status=422)
    if run.state == PolicyRun.State.RUNNING:
        messages.info(request, _("A worker applies the policies now; this page shows how far it is."))
    else:
        text = ngettext("%(count)d clock changed.", "%(count)d clocks changed.", run.clocks) % {"count": run.clocks}
        messages.success(request, text)
    return redirect("setup-policies")


def _page(request: SignedInRequest, *, problems: list[str] | None = None, status: int = 200) -> HttpResponse:
    runs = selectors.runs()
    context: dict[str, Any] = {
        "policies": [{"row": row, "promises": _promises(row)} for row in selectors.policies_in_order()],
        "runs": runs,
        # While an order is carried out, a preview would show what it has not reached yet.
        "preview": None if _any_unfinished(runs) else selectors.preview(now=clock.now()),
        "shown": selectors.SHOWN,
        "problems": problems or [],
    }
    return render(request, "helpdesk/policies.html", context, status=status)


def _promises(policy: Any) -> list[tuple[str, str]]:
    """What the targets of a policy promise: metric and time."""
    return [
        (target.get_metric_display(), amount_text(target.amount, target.unit, working_hours=bool(target.calendar_id)))
        for target in policy.targets.all()
    ]


def _any_unfinished(runs: list[PolicyRun]) -> bool:
    return any(run.state == PolicyRun.State.RUNNING for run in runs)
