"""Home of the portal, the form for a problem, what its grade will be, and thanks."""

import hashlib
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Case, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from intake import services
from intake.forms import GradeForm, SubmissionForm
from intake.limits import may_preview, may_submit
from knowledge.models import Article
from outbox import clock
from outbox.bounds import bounded
from outbox.form_errors import add_errors
from sla.choices import Severity
from tickets.foresight import judge
from tickets.models import Ticket
from tickets.promises import promises_of_ticket
from tickets.recording import MINUTES, may_record
from tickets.selectors.incidents import SHOWN, open_incidents
from tickets.story import for_list, next_of

_SESSION = "submitted"


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Two ways, «I have a problem» and «find an answer»; for those who are signed in, their open tickets."""
    user: Any = request.user
    articles = Article.objects.visible_to(user).published()
    own_first = Case(When(language=get_language() or "", then=0), default=1)  # a foreign article is better than none
    context: dict[str, Any] = {
        "popular": articles.order_by(own_first, "-helpful_count", "-published_at", "-id")[:6],
        "incidents": open_incidents()[:SHOWN],
    }
    if user.is_authenticated:
        mine = Ticket.objects.visible_to(user).filter(requester=user).exclude(status="closed")
        context["tickets"] = [{"ticket": row, "next": next_of(row)} for row in for_list(mine.order_by("-pk"))[:5]]
    return render(request, "intake/home.html", context)


@may_record
@bounded(files=True)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: HttpRequest) -> HttpResponse:
    """The form. What was typed comes back with every refusal."""
    user = _person(request)
    now = clock.now()
    if request.method != "POST":
        asked = {"subject": request.GET.get("subject", "")[:200].replace("\x00", "")}
        return _form(request, SubmissionForm.empty(user=user, now=now, initial=asked))
    form = SubmissionForm(request.POST, request.FILES, user=user, now=now)
    if not form.is_valid():
        return _form(request, form, status=422)
    data = form.cleaned_data
    if not may_submit(request, email=data.get("email", ""), now=now):
        form.add_error(
            None,
            _(
                "Many problems were sent from here within the last hour. Please wait a little and send it then; "
                "your words are kept. If work has stopped, call us."
            ),
        )
        return _form(request, form, status=429)
    try:
        ticket, _replayed = services.submit(data=data, user=user, language=get_language() or "", now=now)
    except ValidationError as refused:
        add_errors(form, refused)
        return _form(request, form, status=422)
    request.session[_SESSION] = ticket.pk
    return redirect("intake:thanks")


@bounded(counted=False)  # `may_preview` counts by the minute
@require_POST
def grade(request: HttpRequest) -> HttpResponse:
    """Fragment: the grade that answers and words give so far, with what it promises. Nothing said, nothing shown."""
    form = GradeForm(request.POST)
    if not form.is_valid() or not may_preview(request, now=clock.now()):
        return HttpResponse(status=204)
    said = form.cleaned_data
    shown = said.pop("shown")
    answered = bool(said["impact"] or said["urgency"] or said["data_loss"])
    if not (answered or said["subject"] or said["description"]):
        return HttpResponse("")
    user = _person(request)
    said["data_loss"] = said["data_loss"] or None
    judged = judge(**said, organization=user.organization if user else None)
    context = {"severity": judged.grade.severity, "promised": judged.promised, "from_words": not answered}
    mark = hashlib.sha256(repr(context).encode()).hexdigest()[:16]
    if shown == mark:  # said once is enough: readers of screens hear every change of this place
        return HttpResponse(status=204)
    return render(request, "intake/_grade.html", {**context, "shown": mark})


@require_GET
def questions(request: HttpRequest) -> HttpResponse:
    """Fragment: the administrator's own questions for the category that was just chosen."""
    chosen = {"category": request.GET.get("category", "")[:40].replace("\x00", "")}
    form = SubmissionForm.empty(user=_person(request), now=clock.now(), initial=chosen)
    return render(request, "intake/_questions.html", {"form": form})


@never_cache
@require_GET
def thanks(request: HttpRequest) -> HttpResponse:
    """The number, the grade with its promise; the way into the ticket for its owner, signed in.

    Anybody may type anybody's address. So a stranger sees here what the form showed, the same whether the address is
    known or not; grade and promise of the organization, and the private link, go to the address (decision 0031).
    """
    pk = request.session.get(_SESSION)
    ticket = Ticket.objects.select_related("requester").filter(pk=pk).first() if isinstance(pk, int) else None
    if ticket is None:
        return redirect("intake:submit")
    is_own = _person(request) == ticket.requester
    if is_own:
        severity, promised = ticket.severity, promises_of_ticket(ticket)
    else:
        judged = services.judged_by_words(ticket=ticket)
        severity, promised = judged.grade.severity, judged.promised
    context = {"ticket": ticket, "is_own": is_own, "severity": severity, "promised": promised}
    context["grade"] = Severity(severity).label
    return render(request, "intake/thanks.html", context)


def _person(request: HttpRequest) -> User | None:
    return request.user if request.user.is_authenticated else None


def _form(request: HttpRequest, form: SubmissionForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "incidents": open_incidents()[:SHOWN],
        "max_files": settings.ATTACHMENTS_PER_MESSAGE,
        "max_bytes": settings.ATTACHMENT_MAX_BYTES,
        "minutes": MINUTES,
        "files_again": [upload.name for upload in request.FILES.getlist("files")] if status != 200 else [],
    }
    return render(request, "intake/submit.html", context, status=status)
