"""The survey behind the link of the mail, the call that replaces it, and what was answered."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import SignedInRequest, requires
from accounts.selectors import teams_overseen
from feedback.forms import AnswerForm, CallForm, ResultsFilter
from feedback.models import Survey
from feedback.selectors import answers_of, is_answered, latest_resolution, satisfaction
from feedback.services.surveys import answer_survey, log_call, open_survey
from outbox import clock
from outbox.bounds import bounded
from tickets.doors import keep_private
from tickets.models import Ticket
from tickets.services.links import way_in

_PAGE = 30
_PAGES = {
    "ask": 200,
    "wrong": 422,
    "solved": 200,
    "reopened": 200,
    "noted": 200,
    "spent": 410,
}


@bounded()
@require_http_methods(["GET", "HEAD", "POST"])
def survey(request: HttpRequest, token: str) -> HttpResponse:
    """Ask, take the answer once, or say kindly that it was given. Mail scanners follow links: a GET changes nothing."""
    row = open_survey(token, now=clock.now())
    if row is None:
        raise Http404
    _speak(request, row)
    if row.answered_at is not None:
        return _show(request, row, "spent")
    if request.method != "POST":
        return _show(request, row, "ask", AnswerForm())
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _show(request, row, "wrong", form)
    try:
        answer_survey(survey=row, answer=form.answer)
    except ValidationError:  # answered by a call, or in another window, since we looked
        return _show(request, row, "spent")
    # For whoever just answered; a link that was spent before opens nothing more.
    link = way_in(ticket=row.ticket, user=row.customer, now=clock.now())
    return _show(request, row, _outcome(row, form.answer.is_solved), link=link)


def _speak(request: HttpRequest, row: Survey) -> None:
    """The page speaks the customer's language, unless somebody chose one here (as `PersonMiddleware` does)."""
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        translation.activate(row.customer.language)
        request.LANGUAGE_CODE = translation.get_language()


def _outcome(row: Survey, solved: bool) -> str:
    """What followed: «not solved» opens the ticket again, unless a newer solution stands already."""
    if solved:
        return "solved"
    return "reopened" if Ticket.objects.unresolved().filter(pk=row.ticket_id).exists() else "noted"


def _show(
    request: HttpRequest, row: Survey, state: str, form: AnswerForm | None = None, link: str = ""
) -> HttpResponse:
    context = {"survey": row, "ticket": row.ticket, "state": state, "form": form, "link": link}
    return keep_private(render(request, "feedback/survey.html", context, status=_PAGES[state]))


@require_http_methods(["GET", "POST"])
@requires("survey.log_call")
def call(request: SignedInRequest, number: str) -> HttpResponse:
    """An agent asks the questions by phone and notes the answers."""
    ticket = get_object_or_404(Ticket.objects.workable_by(request.user).select_related("requester"), number=number)
    resolution = latest_resolution(ticket=ticket)
    if resolution is None:
        messages.info(request, _("There is no resolution to ask about yet."))
        return redirect("workspace:ticket", number=number)
    form = CallForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            log_call(ticket=ticket, answer=form.answer, actor=request.user)
        except ValidationError as refused:
            form.add_error(None, refused)
        else:
            thanks = _thanks(form.answer.is_solved)
            messages.success(request, thanks, extra_tags=f"draft-done:call-{ticket.number}")
            return redirect("workspace:ticket", number=number)
    context = {
        "ticket": ticket,
        "resolution": resolution,
        "answered": is_answered(ticket=ticket, cycle=resolution.cycle),
        "form": form,
    }
    return render(request, "feedback/call.html", context, status=422 if form.errors else 200)


def _thanks(solved: bool) -> str:
    if solved:
        return _("The call is logged.")
    return _("The call is logged. The customer's problem is not solved: the ticket is open again and the lead is told.")


@require_GET
@requires("report.view")
def results(request: SignedInRequest) -> HttpResponse:
    """The latest answers about tickets that the reader sees, filtered, with what they amount to."""
    form = ResultsFilter(request.GET, teams=[(str(team.pk), team.label) for team in teams_overseen(user=request.user)])
    right = form.is_valid()
    rows = answers_of(user=request.user)
    rows = rows.filter(_condition(form.cleaned_data)) if right else rows.none()
    page, after = _page(rows, request.GET.get("after", ""))
    figures = satisfaction(rows)
    answers = int(figures["answers"] or 0)
    context = {
        "filter": form,
        "wrong": not right,
        "narrowed": any(request.GET.get(name) for name in form.fields),
        "page": page,
        "after": after,
        "is_first": not request.GET.get("after"),
        "figures": figures,
        "solved_share": round(100 * int(figures["solved"] or 0) / answers) if answers else None,
    }
    return render(request, "feedback/results.html", context, status=200 if right else 400)


def _condition(asked: dict[str, Any]) -> Q:
    """The filter in terms of rows."""
    low, high = Q(), Q()
    for name in ("resolution_score", "speed_score", "attitude_score"):
        low |= Q(**{f"{name}__lte": 2})
        high &= Q(**{f"{name}__gte": 4})
    parts = {
        "team": lambda value: Q(ticket__team_id=value),
        "score": lambda value: low if value == "low" else high,
        "solved": lambda value: Q(is_solved=value == "yes"),
        "words": lambda value: ~Q(suggestion="") if value == "suggestion" else ~Q(hidden_need=""),
    }
    condition = Q()
    for name, value in asked.items():
        if value:
            condition &= parts[name](value)
    return condition


def _page(rows: QuerySet[Survey], place: str) -> tuple[list[Survey], str]:
    """One page of answers, newest first, and the place of the next one; a place is an id, as quick late as early."""
    if place:
        if not (place.isascii() and place.isdigit() and len(place) < 18):
            return [], ""
        last = rows.filter(pk=int(place)).values_list("answered_at", "pk").first()
        if last is None:
            return [], ""
        rows = rows.filter(Q(answered_at__lt=last[0]) | Q(answered_at=last[0], pk__lt=last[1]))
    related = rows.select_related("ticket", "ticket__team", "ticket__assignee", "customer", "logged_by")
    found = list(related.defer("ticket__tokens").order_by("-answered_at", "-pk")[: _PAGE + 1])
    return found[:_PAGE], str(found[_PAGE - 1].pk) if len(found) > _PAGE else ""
