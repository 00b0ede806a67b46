"""Says the events of a ticket in the reader's language: who did what, when, from what to what.

Events hold codes and facts (`TicketEvent`); here every code has its sentence, its icon and its kind. A code of
another release is shown as it is.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext, pgettext_lazy

from accounts.models import Team, User
from knowledge.models import Article
from sla.choices import MetricCode
from tickets.choices import Channel, Mark, Status
from tickets.models import Incident, PutAside, TicketEvent
from tickets.promises import promise_text
from tickets.selectors.family import LINK_WORDS
from tickets.wording import bilingual

KINDS: dict[str, str | Promise] = {
    "talk": gettext_lazy("Messages"),
    "work": pgettext_lazy("timeline", "Work"),
    "deadline": gettext_lazy("Deadlines"),
}


@dataclass(frozen=True)
class Names:
    """Everybody and everything that the events of a ticket name, read at once."""

    people: dict[int, str]
    teams: dict[int, str]
    articles: dict[int, str]

    def person(self, pk: Any) -> str:
        return self.people.get(pk) or _("nobody")

    def team(self, pk: Any) -> str:
        return self.teams.get(pk) or _("no team")

    def article(self, pk: Any) -> str:
        return self.articles.get(pk) or _("an article that was deleted")


@dataclass(frozen=True)
class Entry:
    """One line of the timeline, as `components/timeline_item.html` shows it."""

    kind: str
    icon: str
    tone: str
    text: str
    detail: str
    at: datetime


Say = Callable[[dict, Names], str]


@dataclass(frozen=True)
class _Sentence:
    kind: str
    icon: str
    say: Say
    tone: str = ""
    detail: Say = lambda data, names: ""


def entries(events: Iterable[TicketEvent], *, kind: str = "") -> list[Entry]:
    """The lines of ``events`` in their order; only those of one of `KINDS` when it is given."""
    rows = list(events)
    names = _names(rows)
    lines = [_entry(row, names) for row in rows]
    return [line for line in lines if not kind or line.kind == kind]


def _entry(event: TicketEvent, names: Names) -> Entry:
    sentence = SENTENCES.get(event.code) or _Sentence("work", "history", lambda data, names: event.code)
    # A form without sign-in has no actor, but it was a customer who sent it.
    nobody = _("Customer") if event.code == "ticket.created" else _("Automatic")
    who = names.people.get(event.actor_id) if event.actor_id else nobody
    text = _("%(who)s: %(what)s") % {"who": who or _("somebody"), "what": sentence.say(event.data, names)}
    detail = sentence.detail(event.data, names)
    return Entry(sentence.kind, sentence.icon, sentence.tone, text, detail, event.created_at)


def _macro(data: dict, names: Names) -> str:
    return _("ran the macro “%(name)s”") % {"name": bilingual(data.get("name") or {})}


def _incident(data: dict, names: Names) -> str:
    state = data.get("state", "")
    words = Incident.State(state).label if state in Incident.State.values else state
    return _("told customers about a known incident: %(state)s") % {"state": words}


def _names(events: list[TicketEvent]) -> Names:
    people = {event.actor_id for event in events}
    teams: set[Any] = set()
    articles: set[Any] = set()
    for event in events:
        data = event.data
        between = {data.get("source"), data.get("target")}
        people |= {data.get("assignee"), data.get("user")}
        if event.code == "ticket.team":
            teams |= between
        elif event.code in ("ticket.assigned", "ticket.taken", "ticket.taken_over", "ticket.released"):
            people.add(data.get("source"))
        teams.add(data.get("team"))
        articles.add(data.get("article"))
    return Names(
        people=dict(User.objects.filter(pk__in=_ids(people)).values_list("pk", "name")),
        teams={team.pk: team.label for team in Team.objects.filter(pk__in=_ids(teams))} if _ids(teams) else {},
        articles=dict(Article.objects.filter(pk__in=_ids(articles)).values_list("pk", "title")),
    )


def _ids(found: set[Any]) -> set[int]:
    return {pk for pk in found if isinstance(pk, int)}


def _status(value: Any) -> str:
    return str(Status(value).label) if value in Status.values else str(value)


def _metric(data: dict) -> str:
    code = data.get("metric", "")
    return str(MetricCode(code).label) if code in MetricCode.values else str(code)


def _due(data: dict, names: Names) -> str:
    due = parse_datetime(data.get("due_at") or "")
    if due is None:
        return ""
    return _("was due %(instant)s") % {"instant": formats.date_format(timezone.localtime(due), "SHORT_DATETIME_FORMAT")}


def _from_to(data: dict, names: Names) -> str:
    return f"{_status(data.get('source'))} → {_status(data.get('target'))}"


def _marks(data: dict, names: Names) -> str:
    words = [str(Mark(mark).label) for mark in data.get("marks", []) if mark in Mark.values]
    canned = [_("an untouched canned answer, which keeps no promise")] if data.get("canned") else []
    return pgettext("list", ", ").join(words + canned)


def _plain(words: str | Promise) -> Say:
    return lambda data, names: str(words)


def _about_metric(words: str | Promise) -> Say:
    return lambda data, names: str(words) % {"metric": _metric(data)}


def _created(data: dict, names: Names) -> str:
    channel = data.get("channel", "")
    words = str(Channel(channel).label) if channel in Channel.values else channel
    if data.get("split_from"):
        return _("split from %(number)s, graded %(severity)s") % {
            "number": data["split_from"],
            "severity": data.get("severity", ""),
        }
    return _("submitted (%(channel)s), graded %(severity)s") % {"channel": words, "severity": data.get("severity", "")}


def _assigned(data: dict, names: Names) -> str:
    return _("assigned to %(person)s") % {"person": names.person(data.get("assignee"))}


def _now_with(data: dict, names: Names) -> str:
    return _assigned(data, names) if data.get("assignee") else ""


def _holders(data: dict, names: Names) -> str:
    return f"{names.person(data.get('source'))} → {names.person(data.get('assignee'))}"


def _ended_as(target: Status) -> Say:
    """From the status that it had to ``target``; events of earlier releases do not say which that was."""
    return lambda data, names: f"{_status(data['source'])} → {_status(target)}" if data.get("source") else ""


def _grades(data: dict, names: Names) -> str:
    return f"{data['source']} → {data.get('wanted')}" if data.get("source") else ""


def _team(data: dict, names: Names) -> str:
    between = {"source": names.team(data.get("source")), "target": names.team(data.get("target"))}
    if data.get("handover"):
        return _("handed it over from %(source)s to %(target)s") % between
    return _("moved from %(source)s to %(target)s") % between


def _regraded(data: dict, names: Names) -> str:
    between = {"source": data.get("source"), "target": data.get("target")}
    return _("severity changed from %(source)s to %(target)s") % between


def _wanted(words: str | Promise) -> Say:
    return lambda data, names: str(words) % {"wanted": data.get("wanted", "")}


def _numbered(words: str | Promise) -> Say:
    return lambda data, names: str(words) % {"number": data.get("number", "")}


def _linked(words: str | Promise) -> Say:
    def say(data: dict, names: Names) -> str:
        kind = LINK_WORDS.get((data.get("kind", ""), bool(data.get("inward"))), data.get("kind", ""))
        return str(words) % {"words": kind, "number": data.get("number", "")}

    return say


def _children_told(data: dict, names: Names) -> str:
    count = int(data.get("count", 0))
    return ngettext("told %(count)d ticket below", "told %(count)d tickets below", count) % {"count": count}


def _children_resolved(data: dict, names: Names) -> str:
    count = int(data.get("count", 0))
    return ngettext("resolved %(count)d ticket below", "resolved %(count)d tickets below", count) % {"count": count}


def _escalated(data: dict, names: Names) -> str:
    return _("escalated, level %(level)s: %(metric)s") % {"level": data.get("level"), "metric": _metric(data)}


def _acknowledged(data: dict, names: Names) -> str:
    count = int(data.get("count", 1))
    return ngettext("acknowledged %(count)d escalation", "acknowledged %(count)d escalations", count) % {"count": count}


def _added_items(data: dict, names: Names) -> str:
    count = int(data.get("count", 1))
    words = ngettext("added %(count)d item to the checklist", "added %(count)d items to the checklist", count)
    return words % {"count": count}


def _minutes(data: dict, names: Names) -> str:
    return _("spent %(minutes)s min") % {"minutes": data.get("minutes")}


def _corrected(data: dict, names: Names) -> str:
    between = {"source": data.get("source"), "target": data.get("minutes")}
    return _("corrected the time spent: %(source)s → %(target)s min") % between


def _whose(data: dict, names: Names) -> str:
    return names.person(data["user"]) if data.get("user") else ""


def _person(words: str | Promise) -> Say:
    return lambda data, names: str(words) % {"person": names.person(data.get("user"))}


def _article(words: str | Promise) -> Say:
    return lambda data, names: str(words) % {"title": names.article(data.get("article"))}


_FIELDS = {
    "category": gettext_lazy("category"),
    "module": gettext_lazy("product module"),
    "version": gettext_lazy("product version"),
    "fault_type": gettext_lazy("fault type"),
    "tags": gettext_lazy("tags"),
}


def _changes(data: dict, names: Names) -> str:
    return _("; ").join(
        _("%(field)s: %(change)s")
        % {
            "field": bilingual(row["label"])
            if "label" in row
            else capfirst(str(_FIELDS.get(row["field"], row["field"]))),
            "change": f"{_value(row['source'])} → {_value(row['target'])}" if "source" in row else _("changed"),
        }
        for row in data.get("changes", [])
    )


def _field(row: dict) -> str:
    """The name of what changed; a custom field wrote its own down, because it may be gone by now."""
    return bilingual(row["label"]) if "label" in row else capfirst(str(_FIELDS.get(row["field"], row["field"])))


def _value(fact: Any) -> str:
    if isinstance(fact, dict):
        return bilingual(fact) or "–"
    return pgettext("list", ", ").join(fact or []) or "–"


def _promises(data: dict, names: Names) -> str:
    return _("; ").join(
        _("%(field)s: %(change)s")
        % {"field": _metric(row), "change": f"{promise_text(row['source'])} → {promise_text(row['target'])}"}
        for row in data.get("clocks", [])
    )


def _put_aside(data: dict, names: Names) -> str:
    reason = data.get("reason", "")
    words = str(PutAside.Reason(reason).label) if reason in PutAside.Reason.values else reason
    return _("put it aside: %(reason)s") % {"reason": words}


def _survey(data: dict, names: Names) -> str:
    return _("answered the survey: solved") if data.get("solved") else _("answered the survey: not solved")


SENTENCES: dict[str, _Sentence] = {
    "ticket.created": _Sentence("work", "ticket", _created),
    "ticket.assigned": _Sentence("work", "user", _assigned, detail=_holders),
    "ticket.taken": _Sentence("work", "hand", _plain(gettext_lazy("took the ticket")), detail=_holders),
    "ticket.taken_over": _Sentence("work", "hand", _plain(gettext_lazy("took the ticket over")), detail=_holders),
    "ticket.released": _Sentence(
        "work", "inbox", _plain(gettext_lazy("put the ticket back into the queue")), detail=_holders
    ),
    "ticket.team": _Sentence("work", "transfer", _team, detail=_now_with),
    "ticket.followed": _Sentence("work", "eye", _person(gettext_lazy("watcher: %(person)s"))),
    "ticket.unfollowed": _Sentence("work", "x", _person(gettext_lazy("takes part no longer: %(person)s"))),
    "ticket.time": _Sentence("work", "clock", _minutes),
    "ticket.time.corrected": _Sentence("work", "clock", _corrected),
    "ticket.checklist.added": _Sentence("work", "plus", _added_items, detail=_whose),
    "ticket.checklist.done": _Sentence("work", "check", _plain(gettext_lazy("ticked an item of the checklist"))),
    "ticket.checklist.undone": _Sentence(
        "work", "refresh", _plain(gettext_lazy("took the tick off an item of the checklist"))
    ),
    "ticket.checklist.owner": _Sentence(
        "work", "user", _plain(gettext_lazy("gave an item of the checklist to somebody")), detail=_whose
    ),
    "ticket.checklist.removed": _Sentence("work", "x", _plain(gettext_lazy("took an item off the checklist"))),
    "ticket.handover.acknowledged": _Sentence(
        "work", "check", _plain(gettext_lazy("has understood the hand-over")), "good"
    ),
    "ticket.handover.returned": _Sentence(
        "work", "reply", _plain(gettext_lazy("asked back about the hand-over")), "warn"
    ),
    "ticket.status": _Sentence("work", "play", _plain(gettext_lazy("changed the status")), detail=_from_to),
    "ticket.properties": _Sentence("work", "tag", _plain(gettext_lazy("edited the properties")), detail=_changes),
    "ticket.reply.public": _Sentence("talk", "send", _plain(gettext_lazy("answered the customer")), detail=_marks),
    "ticket.note": _Sentence("talk", "lock", _plain(gettext_lazy("wrote an internal note"))),
    "ticket.customer_message": _Sentence("talk", "message", _plain(gettext_lazy("wrote as the customer"))),
    "ticket.urged": _Sentence("talk", "bell", _plain(gettext_lazy("asked us to hurry")), "warn"),
    "ticket.mentioned": _Sentence("talk", "user", _person(gettext_lazy("mentioned %(person)s"))),
    "ticket.shift_note": _Sentence("work", "note", _plain(gettext_lazy("named it in a hand-over note"))),
    "ticket.called_in": _Sentence("work", "users", _person(gettext_lazy("called %(person)s in"))),
    "ticket.regraded": _Sentence("work", "flag", _regraded, "warn"),
    "ticket.severity.contested": _Sentence(
        "work", "flag", _wanted(gettext_lazy("asks for severity %(wanted)s")), "warn", _grades
    ),
    "ticket.severity.accepted": _Sentence("work", "flag", _wanted(gettext_lazy("accepted severity %(wanted)s"))),
    "ticket.severity.declined": _Sentence("work", "flag", _wanted(gettext_lazy("declined severity %(wanted)s"))),
    "ticket.severity.lapsed": _Sentence(
        "work",
        "flag",
        _wanted(gettext_lazy("closed the request for severity %(wanted)s: solved before it was decided")),
    ),
    "ticket.resolved": _Sentence(
        "work", "check", _plain(gettext_lazy("resolved the ticket")), "good", _ended_as(Status.RESOLVED)
    ),
    "ticket.cause_reported": _Sentence("work", "edit", _plain(gettext_lazy("handed in the root cause report")), "good"),
    "ticket.confirmed": _Sentence(
        "work", "check-circle", _plain(gettext_lazy("confirmed the solution; closed")), "good", _ended_as(Status.CLOSED)
    ),
    "ticket.closed.silence": _Sentence(
        "work",
        "lock",
        _plain(gettext_lazy("closed after three working days of silence")),
        detail=_ended_as(Status.CLOSED),
    ),
    "ticket.reopened": _Sentence(
        "work", "refresh", _plain(gettext_lazy("opened the ticket again")), "warn", _ended_as(Status.OPEN)
    ),
    "ticket.merged": _Sentence(
        "work",
        "transfer",
        _numbered(gettext_lazy("merged this ticket into %(number)s")),
        detail=_ended_as(Status.CLOSED),
    ),
    "ticket.macro": _Sentence("work", "play", _macro),
    "incident.told": _Sentence("talk", "flag", _incident),
    "ticket.merged_from": _Sentence("work", "transfer", _numbered(gettext_lazy("merged %(number)s into this ticket"))),
    "ticket.unmerged": _Sentence(
        "work", "history", _numbered(gettext_lazy("took this ticket out of %(number)s again")), "warn"
    ),
    "ticket.unmerged_from": _Sentence(
        "work", "history", _numbered(gettext_lazy("took %(number)s out of this ticket again"))
    ),
    "ticket.split": _Sentence("work", "branch", _numbered(gettext_lazy("split a message into %(number)s"))),
    "ticket.linked": _Sentence("work", "link", _linked(gettext_lazy("linked: %(words)s %(number)s"))),
    "ticket.unlinked": _Sentence("work", "link", _linked(gettext_lazy("took a link away: %(words)s %(number)s"))),
    "ticket.parent_set": _Sentence("work", "branch", _numbered(gettext_lazy("made this ticket part of %(number)s"))),
    "ticket.parent_left": _Sentence(
        "work", "branch", _numbered(gettext_lazy("made this ticket no longer part of %(number)s"))
    ),
    "ticket.child_added": _Sentence("work", "branch", _numbered(gettext_lazy("made %(number)s part of this ticket"))),
    "ticket.child_left": _Sentence(
        "work", "branch", _numbered(gettext_lazy("made %(number)s no longer part of this ticket"))
    ),
    "ticket.children_told": _Sentence("talk", "send", _children_told),
    "ticket.children_resolved": _Sentence("work", "check", _children_resolved, "good"),
    "ticket.bulk_undone": _Sentence("work", "history", _plain(gettext_lazy("took a change of several tickets back"))),
    "ticket.put_aside": _Sentence("work", "hourglass", _put_aside),
    "ticket.article.drafted": _Sentence("work", "book", _article(gettext_lazy("created a draft article: %(title)s"))),
    "ticket.article.used": _Sentence("work", "link", _article(gettext_lazy("used the article: %(title)s"))),
    "ticket.links_revoked": _Sentence("work", "lock", _plain(gettext_lazy("made the private links useless"))),
    "ticket.policies_applied": _Sentence(
        "deadline", "refresh", _plain(gettext_lazy("applied the present policies")), detail=_promises
    ),
    "ticket.escalated": _Sentence("deadline", "escalate", _escalated, "alert"),
    "ticket.escalation.acknowledged": _Sentence("deadline", "check", _acknowledged),
    "ticket.breach_reason": _Sentence(
        "deadline", "edit", _about_metric(gettext_lazy("said why this was missed: %(metric)s"))
    ),
    "clock.warned": _Sentence(
        "deadline", "hourglass", _about_metric(gettext_lazy("due soon: %(metric)s")), "warn", _due
    ),
    "clock.breached": _Sentence("deadline", "alert", _about_metric(gettext_lazy("missed: %(metric)s")), "alert", _due),
    "clock.met": _Sentence("deadline", "check", _about_metric(gettext_lazy("in time: %(metric)s")), "good", _due),
    "clock.missed": _Sentence(
        "deadline", "alert", _about_metric(gettext_lazy("answered late: %(metric)s")), "alert", _due
    ),
    "survey.answered.link": _Sentence("talk", "star", _survey),
    "survey.answered.call": _Sentence("talk", "phone", _survey),
}
