"""The follow-up 48 hours after a resolution: sent, answered once by link or call, acted upon (mission.md 8.1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from feedback.models import Survey
from feedback.selectors import due_resolutions
from outbox import clock
from outbox.contention import survives_deadlock
from outbox.services import enqueue_many
from tickets.models import Ticket
from tickets.services.events import record
from tickets.services.locking import Change, changing
from tickets.services.moves import refute_after_survey

#: The survey follows this long after the resolution; the number is the mission's.
SURVEY_AFTER = timedelta(hours=48)
SURVEY_AGE = timedelta(days=30)
_SALT = "feedback.survey"
_BATCH = 200


@dataclass(frozen=True)
class Answer:
    """What the customer says: three scores from 1 to 5, whether it is truly solved, and open words."""

    resolution_score: int
    speed_score: int
    attitude_score: int
    is_solved: bool
    suggestion: str = ""
    hidden_need: str = ""


def send_due_surveys() -> int:
    """Make and send one survey for every resolution that is 48 hours old; returns how many. Safe to run twice."""
    total = 0
    while sent := _send_batch():
        total += sent
    return total


@transaction.atomic
def _send_batch() -> int:
    _one_at_a_time()
    now = clock.now()
    due = list(due_resolutions(now=now, after=SURVEY_AFTER, limit=_BATCH))
    surveys = [
        Survey(
            ticket=row.ticket,
            cycle=row.cycle,
            customer_id=row.ticket.requester_id,
            created_at=now,
            expires_at=now + SURVEY_AGE,
        )
        for row in due
    ]
    Survey.objects.bulk_create(surveys)
    enqueue_many(
        [
            {
                "kind": "feedback.survey",
                "payload": {"survey": survey.pk, "ticket": survey.ticket_id},
                "stream": f"ticket:{survey.ticket.number}",
                "dedupe_key": f"survey:{survey.ticket_id}:{survey.cycle}",
            }
            for survey in surveys
        ],
        now=now,
    )
    return len(surveys)


def _one_at_a_time() -> None:
    """Two tickers take turns: the resolution's row does not change when its survey is made, so its lock alone would
    let the second one pass with a view from before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('feedback.surveys'))")


def survey_token(survey: Survey) -> str:
    """The signed token of a survey's link; nothing of it is stored, and it is spent when the survey is answered."""
    return signing.dumps({"s": survey.pk}, salt=_SALT)


def open_survey(token: str, *, now: datetime) -> Survey | None:
    """The survey behind a token, answered or not; None when the token is forged or the survey expired."""
    try:
        pk = signing.loads(token, salt=_SALT, max_age=SURVEY_AGE)["s"]
    except (signing.BadSignature, KeyError, TypeError):
        return None
    rows = Survey.objects.select_related("ticket", "customer").filter(expires_at__gt=now, customer__is_active=True)
    return rows.filter(pk=pk).first()


@survives_deadlock
def answer_survey(*, survey: Survey, answer: Answer, now: datetime | None = None) -> None:
    """Write the customer's answer, once. «Not solved» opens the ticket again and tells the lead.

    Raises:
        ValidationError: when it was answered before.
    """
    with changing(survey.ticket_id, now=now, even_merged=True) as change:  # it is about an earlier resolution
        _write(change, survey, answer, via=Survey.Via.LINK, actor=survey.customer)


@survives_deadlock
def log_call(*, ticket: Ticket, answer: Answer, actor: User, now: datetime | None = None) -> Survey:
    """An agent called the customer instead; the answer counts like one by the link.

    Raises:
        PermissionDenied: when ``actor`` may not log calls.
        ValidationError: when the ticket was never resolved, or this resolution was answered already.
    """
    if not actor.may("survey.log_call"):
        raise PermissionDenied
    with changing(ticket.pk, now=now) as change:
        resolution = change.ticket.resolutions.order_by("-cycle").first()
        if resolution is None:
            raise ValidationError(_("There is no resolution to ask about yet."), code="unresolved")
        # In the transaction of the answer: a survey without one would keep the customer's own from being sent.
        survey, _created = Survey.objects.get_or_create(
            ticket=change.ticket,
            cycle=resolution.cycle,
            defaults={
                "customer": change.ticket.requester,
                "created_at": change.now,
                "expires_at": change.now + SURVEY_AGE,
            },
        )
        _write(change, survey, answer, via=Survey.Via.CALL, actor=actor)
    return survey


def _write(change: Change, survey: Survey, answer: Answer, *, via: str, actor: User) -> None:
    unanswered = Survey.objects.filter(pk=survey.pk, answered_at=None)
    written = unanswered.update(
        answered_at=change.now,
        via=via,
        logged_by=actor if via == Survey.Via.CALL else None,
        resolution_score=answer.resolution_score,
        speed_score=answer.speed_score,
        attitude_score=answer.attitude_score,
        is_solved=answer.is_solved,
        suggestion=answer.suggestion.strip(),
        hidden_need=answer.hidden_need.strip(),
    )
    if not written:
        raise ValidationError(_("This survey has been answered already. Thank you!"), code="answered")
    record(ticket=change.ticket, code=f"survey.answered.{via}", actor=actor, now=change.now, solved=answer.is_solved)
    if not answer.is_solved:
        refute_after_survey(change, cycle=survey.cycle, actor=actor)
