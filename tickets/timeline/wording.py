"""What the sentences of the timeline say: each takes the facts of one event and the names in them."""

from collections.abc import Callable
from typing import Any

from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from sla.choices import MetricCode
from tickets.choices import Channel, Mark, Status
from tickets.models import Incident, PutAside
from tickets.promises import promise_text
from tickets.selectors.family import LINK_WORDS
from tickets.timeline.names import Names
from tickets.wording import bilingual

Say = Callable[[dict, Names], str]


def macro(data: dict, names: Names) -> str:
    return _("ran the macro “%(name)s”") % {"name": bilingual(data.get("name") or {})}


def imported(data: dict, names: Names) -> str:
    return _("was brought in from %(source)s, where it was %(number)s") % {
        "source": data.get("from", ""),
        "number": data.get("number", ""),
    }


def incident(data: dict, names: Names) -> str:
    state = data.get("state", "")
    words = Incident.State(state).label if state in Incident.State.values else state
    return _("told customers about a known incident: %(state)s") % {"state": words}


def _status(value: Any) -> str:
    return str(Status(value).label) if value in Status.values else str(value)


def _metric(data: dict) -> str:
    code = data.get("metric", "")
    return str(MetricCode(code).label) if code in MetricCode.values else str(code)


def due(data: dict, names: Names) -> str:
    at = parse_datetime(data.get("due_at") or "")
    if at is None:
        return ""
    return _("was due %(instant)s") % {"instant": formats.date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")}


def from_to(data: dict, names: Names) -> str:
    return f"{_status(data.get('source'))} → {_status(data.get('target'))}"


def marks(data: dict, names: Names) -> str:
    words = [str(Mark(mark).label) for mark in data.get("marks", []) if mark in Mark.values]
    canned = [_("an untouched canned answer, which keeps no promise")] if data.get("canned") else []
    return pgettext("list", ", ").join(words + canned)


def plain(words: str | Promise) -> Say:
    return lambda data, names: str(words)


def about_metric(words: str | Promise) -> Say:
    return lambda data, names: str(words) % {"metric": _metric(data)}


def created(data: dict, names: Names) -> str:
    channel = data.get("channel", "")
    words = str(Channel(channel).label) if channel in Channel.values else channel
    if data.get("split_from"):
        return _("split from %(number)s, graded %(severity)s") % {
            "number": data["split_from"],
            "severity": data.get("severity", ""),
        }
    return _("submitted (%(channel)s), graded %(severity)s") % {"channel": words, "severity": data.get("severity", "")}


def assigned(data: dict, names: Names) -> str:
    return _("assigned to %(person)s") % {"person": names.person(data.get("assignee"))}


def now_with(data: dict, names: Names) -> str:
    return assigned(data, names) if data.get("assignee") else ""


def holders(data: dict, names: Names) -> str:
    return f"{names.person(data.get('source'))} → {names.person(data.get('assignee'))}"


def ended_as(target: Status) -> Say:
    """From the status that it had to ``target``; events of earlier releases do not say which that was."""
    return lambda data, names: f"{_status(data['source'])} → {_status(target)}" if data.get("source") else ""


def grades(data: dict, names: Names) -> str:
    return f"{data['source']} → {data.get('wanted')}" if data.get("source") else ""


def team(data: dict, names: Names) -> str:
    between = {"source": names.team(data.get("source")), "target": names.team(data.get("target"))}
    if data.get("handover"):
        return _("handed it over from %(source)s to %(target)s") % between
    return _("moved from %(source)s to %(target)s") % between


def regraded(data: dict, names: Names) -> str:
    between = {"source": data.get("source"), "target": data.get("target")}
    return _("severity changed from %(source)s to %(target)s") % between


def wanted(words: str | Promise) -> Say:
    return lambda data, names: str(words) % {"wanted": data.get("wanted", "")}


def numbered(words: str | Promise) -> Say:
    return lambda data, names: str(words) % {"number": data.get("number", "")}


def linked(words: str | Promise) -> Say:
    def say(data: dict, names: Names) -> str:
        kind = LINK_WORDS.get((data.get("kind", ""), bool(data.get("inward"))), data.get("kind", ""))
        return str(words) % {"words": kind, "number": data.get("number", "")}

    return say


def children_told(data: dict, names: Names) -> str:
    count = int(data.get("count", 0))
    return ngettext("told %(count)d ticket below", "told %(count)d tickets below", count) % {"count": count}


def children_resolved(data: dict, names: Names) -> str:
    count = int(data.get("count", 0))
    return ngettext("resolved %(count)d ticket below", "resolved %(count)d tickets below", count) % {"count": count}


def escalated(data: dict, names: Names) -> str:
    return _("escalated, level %(level)s: %(metric)s") % {"level": data.get("level"), "metric": _metric(data)}


def acknowledged(data: dict, names: Names) -> str:
    count = int(data.get("count", 1))
    return ngettext("acknowledged %(count)d escalation", "acknowledged %(count)d escalations", count) % {"count": count}


def added_items(data: dict, names: Names) -> str:
    count = int(data.get("count", 1))
    words = ngettext("added %(count)d item to the checklist", "added %(count)d items to the checklist", count)
    return words % {"count": count}


def minutes(data: dict, names: Names) -> str:
    return _("spent %(minutes)s min") % {"minutes": data.get("minutes")}


def corrected(data: dict, names: Names) -> str:
    between = {"source": data.get("source"), "target": data.get("minutes")}
    return _("corrected the time spent: %(source)s → %(target)s min") % between


def whose(data: dict, names: Names) -> str:
    return names.person(data["user"]) if data.get("user") else ""


def person(words: str | Promise) -> Say:
    return lambda data, names: str(words) % {"person": names.person(data.get("user"))}


def article(words: str | Promise) -> Say:
    return lambda data, names: str(words) % {"title": names.article(data.get("article"))}


_FIELDS = {
    "category": gettext_lazy("category"),
    "module": gettext_lazy("product module"),
    "version": gettext_lazy("product version"),
    "fault_type": gettext_lazy("fault type"),
    "tags": gettext_lazy("tags"),
}


def changes(data: dict, names: Names) -> str:
    return _("; ").join(
        _("%(field)s: %(change)s")
        % {
            "field": _field(row),
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


def promises(data: dict, names: Names) -> str:
    return _("; ").join(
        _("%(field)s: %(change)s")
        % {"field": _metric(row), "change": f"{promise_text(row['source'])} → {promise_text(row['target'])}"}
        for row in data.get("clocks", [])
    )


def put_aside(data: dict, names: Names) -> str:
    reason = data.get("reason", "")
    words = str(PutAside.Reason(reason).label) if reason in PutAside.Reason.values else reason
    return _("put it aside: %(reason)s") % {"reason": words}


def alerts_joined(data: dict, names: Names) -> str:
    count = int(data.get("count", 1))
    words = ngettext("%(count)d alert of a storm is in here", "%(count)d alerts of a storm are in here", count)
    return words % {"count": count}


def alerts_again(data: dict, names: Names) -> str:
    count = int(data.get("count", 1))
    return ngettext("%(count)d alert fires again", "%(count)d alerts fire again", count) % {"count": count}


def alerts_over(data: dict, names: Names) -> str:
    count = int(data.get("count", 1))
    return ngettext("%(count)d alert is over", "%(count)d alerts are over", count) % {"count": count}


def alerts_left(data: dict, names: Names) -> str:
    left = int(data.get("left", 0))
    if not left:
        return _("Nothing fires any more.")
    return ngettext("%(count)d still fires", "%(count)d still fire", left) % {"count": left}


def survey(data: dict, names: Names) -> str:
    return _("answered the survey: solved") if data.get("solved") else _("answered the survey: not solved")
