"""What the administrator's words may name in the mails of tickets (`outbox.wording`)."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from knowledge.markdown import render as markdown
from outbox.models import Intent
from outbox.registry import Notice
from outbox.wording import catalogue
from outbox.wording.catalogue import Entry, Variable

#: The kind whose subject all mails of a ticket to its customer share.
THREAD = "ticket.thread"
#: The sentence below all mails of a ticket that can be answered.
ANSWERING = "ticket.answering"
#: So far back an example is looked for.
_EXAMPLES = 50

_NUMBER = {"number": Variable("ticket.number", _("number of the ticket"), "T100001")}
_TICKET = {
    **_NUMBER,
    "subject": Variable("ticket.subject", _("subject of the ticket"), _("Sign-in fails after the update")),
    "severity": Variable("ticket.get_severity_display", _("grade of the ticket"), _("normal")),
}
_LINK = {"link": Variable("url", _("link to the ticket"), shape="link", needed=True)}
_CUSTOMER = {"name": Variable("delivery.user.name", _("name of the reader"), _("Xu Jiahe")), **_TICKET, **_LINK}
_ANSWERING = {
    "answering": Variable(
        "answering", _("that this mail can be answered; empty where no mail is taken in"), _("You can simply answer.")
    )
}
_STAFF = {
    **_TICKET,
    "severity_code": Variable("ticket.severity", _("letter of the grade"), "B"),
    "customer": Variable("ticket.requester.name", _("name of the customer"), _("Xu Jiahe")),
    "organization": Variable("ticket.organization.label", _("organization of the customer"), _("Hengtai")),
    "assignee": Variable("ticket.assignee.name", _("who has the ticket"), _("Ji Haoran")),
    **_LINK,
}
_SAID = _("Please restart the gateway and try again.")


def _message(label: Any) -> dict[str, Variable]:
    return {"message": Variable("message.body", label, _SAID, shape="words", needed=True, html=markdown)}


_QUOTED = {"message": Variable("message.body", _("what the customer wrote"), _SAID, shape="words")}
_REASON = {"message": Variable("message.body", _("the reason, in the agent's words"), _SAID, shape="words")}
_DUE = {
    "promise": Variable("clock.get_metric_display", _("which promise"), _("First response")),
    "due": Variable("clock.due_at", _("when it is due"), "14:30", shape="time"),
}
_HANDOVER = {
    "giver": Variable("handover.given_by", _("who hands it over"), _("Ji Haoran")),
    "from_team": Variable("handover.from_team.label", _("their team"), _("Support")),
    "symptom": Variable("handover.symptom", _("symptom"), _SAID, shape="words"),
    "tried": Variable("handover.tried", _("what was tried"), _SAID, shape="words"),
    "asked": Variable("handover.asked", _("what is asked"), _SAID, shape="words"),
}
_RETURNED = {
    "who": Variable("handover.answered_by", _("who asks back"), _("Ji Haoran")),
    "to_team": Variable("handover.to_team.label", _("their team"), _("R&D")),
    "message": Variable("message.body", _("the question"), _SAID, shape="words"),
}

#: Kind → what its words may name. The acknowledgement repeats nothing that the sender wrote (see `Acknowledged`).
VARIABLES: dict[str, Mapping[str, Variable]] = {
    "incident.news": {
        "name": _CUSTOMER["name"],
        "incident": Variable("incident.label", _("name of the incident"), _("Sign-in fails after the update")),
        "state": Variable("news.get_state_display", _("how it stands"), _("under investigation")),
        "news": Variable("news.words", _("the news"), _SAID, shape="words", needed=True, html=markdown),
        "link": Variable("url", _("link to the incident"), shape="link", needed=True),
    },
    "feedback.survey": {**_CUSTOMER, "link": Variable("url", _("link to the survey"), shape="link", needed=True)},
    "ticket.acknowledged": {
        **_NUMBER,
        "severity": _TICKET["severity"],
        "due": Variable("response_due_at", _("by when an engineer answers"), "14:30", shape="instant"),
        **_LINK,
    },
    "ticket.reply": {
        **_CUSTOMER,
        "author": Variable("message.author.name", _("who answered"), _("Ji Haoran")),
        **_message(_("the answer")),
    },
    "ticket.closed": _CUSTOMER,
    "ticket.regraded": {
        **_CUSTOMER,
        "from_grade": Variable("source", _("the grade before"), _("normal")),
        "to_grade": Variable("target", _("the grade now"), _("high")),
        **_REASON,
    },
    "ticket.contest_declined": {
        **_CUSTOMER,
        "answer": Variable("contest.answer", _("the lead's answer"), _SAID, shape="words", needed=True),
    },
    "ticket.resolved": {
        **_CUSTOMER,
        "closing": Variable("resolution.close_due_at", _("the day it closes by itself"), "2026-12-01", shape="date"),
        **_message(_("the solution")),
        "answer_link": Variable(
            "answer_url",
            _("where the customer answers; add ?answer=yes or ?answer=no"),
            shape="link",
            needed=True,
        ),
    },
    "ticket.split": {
        **_CUSTOMER,
        "origin": Variable("origin.number", _("the ticket it was split from"), "T100000"),
    },
    "ticket.unmerged": {**_CUSTOMER, **_REASON},
    "ticket.customer_message": {**_STAFF, **_QUOTED},
    "ticket.warning": {**_STAFF, **_DUE},
    "ticket.progress_due": {**_STAFF, **_DUE},
    "ticket.escalated": {
        **_STAFF,
        "promise": Variable("escalation.get_metric_display", _("which promise"), _("First response")),
        "level": Variable("escalation.level", _("rung of the ladder"), "1"),
    },
    "ticket.contested": {**_STAFF, "reason": Variable("contest.reason", _("the customer's reason"), _SAID, "words")},
    "ticket.mentioned": {
        **_STAFF,
        "author": Variable("message.author.name", _("who wrote the note"), _("Ji Haoran")),
        "message": Variable("message.body", _("the note"), _SAID, shape="words"),
    },
    "ticket.checklist_item": {**_STAFF, "item": Variable("item.text", _("the item"), _("Read the log"))},
    "ticket.handed_over": {**_STAFF, **_HANDOVER},
    "ticket.handover.returned": {**_STAFF, **_RETURNED},
}


def register_words(notice: Notice, group: str) -> None:
    """Let the administrator change the words of ``notice``, if they go by mail."""
    if "mail" in notice.channels:
        parts = ("text", "html") if notice.subject_of_thread else ("subject", "text", "html")
        variables = VARIABLES.get(notice.kind, _STAFF)
        if notice.answering:
            variables = {**variables, **_ANSWERING}
        entry = Entry(notice.kind, notice.label, group, variables, parts, _example(notice), groups=notice.group)
        catalogue.register(entry)


def register_shared() -> None:
    """What all mails of a ticket to its customer share: the subject, and the sentence that they can be answered."""
    variables = {
        **_NUMBER,
        "topic": Variable("topic", _("the subject, where its writer is known"), _TICKET["subject"].sample),
    }
    entry = Entry(THREAD, _("Subject of all mails of a ticket"), "customers", variables, ("subject",))
    catalogue.register(entry)
    label = _("Sentence below mails that can be answered")
    catalogue.register(Entry(ANSWERING, label, "customers", _NUMBER, ("text",)))


def _example(notice: Notice) -> Callable[[Any], Mapping[str, Any]]:
    """The newest case of ``notice`` that the reader may see: its rows alone, for links are minted in real mails."""

    def find(user: Any) -> Mapping[str, Any]:
        intents = list(Intent.objects.filter(kind=notice.kind).order_by("-pk")[:_EXAMPLES])
        seen = notice.visible(intents, user) if intents else set()
        found = next((intent for intent in intents if intent.pk in seen), None)
        rows = getattr(notice, "rows_for_example", None)
        return rows(found) if found and rows else {}

    return find
