"""Says the reasons of grading, routing and assignment in the reader's language.

Stored are codes with facts (`Ticket.grading`, `Ticket.routing`), so that a customer reads
Chinese where an agent reads English.
"""

from collections.abc import Callable, Iterable

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.models import Organization
from tickets.choices import Impact, MessageKind, Urgency
from tickets.models import Message, Ticket, TicketEvent


def reason_text(reason: dict) -> str:
    """One reason in the active language; a code of another release is shown as it is."""
    say = _SENTENCES.get(reason.get("code", ""))
    return say(reason) if say else str(reason.get("code", ""))


def reason_texts(reasons: list[dict]) -> list[str]:
    return [reason_text(reason) for reason in reasons]


def bilingual(names: dict[str, str]) -> str:
    """A bilingual name that was stored as facts (see `tickets.triage.both_names`)."""
    if names.get("name_en") and not (get_language() or "").startswith("zh"):
        return names["name_en"]
    return names.get("name", "")


def _rule(name: str) -> str:
    """Rules that come with the product are named «中文 / English»."""
    chinese, slash, english = name.partition(" / ")
    if not slash:
        return name
    return chinese if (get_language() or "").startswith("zh") else english


def _quoted(words: list[str]) -> str:
    return _("“%(words)s”") % {"words": _("”, “").join(word.rstrip("*") for word in words)}


def _label(choices, value: str) -> str:
    return str(choices(value).label) if value in choices.values else value


def _dimensions(reason: dict) -> str:
    """The dimensions that a reason names, in words."""
    said = []
    if reason.get("data_loss"):
        said.append(_("data was lost"))
    if reason.get("impact"):
        said.append(_("affected: %(impact)s") % {"impact": _label(Impact, reason["impact"])})
    if reason.get("urgency"):
        said.append(_("urgency: %(urgency)s") % {"urgency": _label(Urgency, reason["urgency"])})
    return _("; ").join(said)


def _matrix(reason: dict) -> str:
    return _("Affected: %(impact)s; urgency: %(urgency)s: grade %(severity)s.") % {
        "impact": _label(Impact, reason["impact"]),
        "urgency": _label(Urgency, reason["urgency"]),
        "severity": reason["severity"],
    }


def _words(reason: dict) -> str:
    return _("The text says %(found)s (rule “%(rule)s”): %(meaning)s.") % {
        "found": _quoted(reason["found"]),
        "rule": _rule(reason["rule"]),
        "meaning": _dimensions(reason),
    }


def _raised(reason: dict) -> str:
    return _("Raised from %(from)s to %(to)s for the service level “%(level)s”.") % {
        "from": reason["from"],
        "to": reason["to"],
        "level": _label(Organization.ServiceLevel, reason["service_level"]),
    }


def _said(reason: dict) -> str:
    if "category" in reason:
        return _("The customer chose the category “%(name)s”.") % {"name": bilingual(reason["category"])}
    return _("The customer named the module “%(name)s”.") % {"name": bilingual(reason["module"])}


def _routed(reason: dict) -> str:
    return _("The text says %(found)s (rule “%(rule)s”).") % {
        "found": _quoted(reason["found"]),
        "rule": _("”, “").join(_rule(name) for name in reason["rules"]),
    }


def _ambiguous(reason: dict) -> str:
    return _("“%(said)s” exists in several products (%(products)s); it was left empty.") % {
        "said": reason["said"],
        "products": _quoted([bilingual(names) for names in reason["products"]]),
    }


def _load(reason: dict) -> str:
    count = reason["open"]
    return ngettext(
        "Has room: %(open)d open ticket of at most %(capacity)d.",
        "Has room: %(open)d open tickets of at most %(capacity)d.",
        count,
    ) % {"open": count, "capacity": reason["capacity"]}


def regrades_of(ticket: Ticket, messages: Iterable[Message]) -> dict[int, str]:
    """What the automatic ``messages`` that give the reason of another grade tell of, by message."""
    wanted = {message.pk for message in messages if message.kind == MessageKind.AUTOMATIC}
    if not wanted:
        return {}
    # The messages of merged tickets are here, their events stayed with them.
    told = [ticket.pk, *ticket.merged_from.values_list("pk", flat=True)]
    rows = TicketEvent.objects.filter(ticket__in=told, code="ticket.regraded").values_list("data", flat=True)
    sentence = _("The grade changed from %(source)s to %(target)s.")
    return {data["message"]: sentence % data for data in rows if data.get("message") in wanted}


_SENTENCES: dict[str, Callable[[dict], str]] = {
    "grading.data_loss": lambda reason: _("Data was lost: always grade S."),
    "grading.matrix": _matrix,
    "grading.words": _words,
    "grading.assumed": lambda reason: _("Not said, assumed: %(what)s.") % {"what": _dimensions(reason)},
    "grading.raised": _raised,
    "grading.default": lambda reason: _("Nothing in the text speaks for more: grade B."),
    "routing.version_unknown": lambda reason: (
        _("We know no version “%(said)s”; it was left empty.") % {"said": reason["said"]}
    ),
    "routing.module_unknown": lambda reason: (
        _("We know no module “%(said)s”; it was left empty.") % {"said": reason["said"]}
    ),
    "routing.category_unknown": lambda reason: (
        _("We know no category “%(said)s”; it was left empty.") % {"said": reason["said"]}
    ),
    "routing.version_ambiguous": _ambiguous,
    "routing.module_ambiguous": _ambiguous,
    "routing.said": _said,
    "routing.keywords": _routed,
    "routing.module": lambda reason: (
        _("The module belongs to the team “%(team)s”.") % {"team": bilingual(reason["team"])}
    ),
    "routing.category": lambda reason: (
        _("The category “%(category)s” belongs to the team “%(team)s”.")
        % {"category": bilingual(reason["category"]), "team": bilingual(reason["team"])}
    ),
    "routing.door": lambda reason: (
        _("What comes in this way goes to the team “%(team)s”.") % {"team": bilingual(reason["team"])}
    ),
    "routing.mailbox": lambda reason: (
        _("No rule fits: goes to the team of the mailbox, “%(team)s”.") % {"team": bilingual(reason["team"])}
    ),
    "routing.fallback": lambda reason: _("No rule fits: goes to the team that sorts the rest."),
    "assignment.skill": lambda reason: (
        _("Skilled in %(skill)s, level %(level)d of 5.")
        % {"skill": bilingual(reason["skill"]), "level": reason["level"]}
    ),
    "assignment.load": _load,
    "assignment.by_hand": lambda reason: _("Assigned by %(name)s.") % {"name": reason.get("by", "")},
    "assignment.released": lambda reason: _("Put back into the team's queue."),
    "assignment.left": lambda reason: _("%(name)s no longer works here.") % {"name": reason.get("who", "")},
    "assignment.nobody": lambda reason: _("Nobody is free: waits in the team's queue."),
}
