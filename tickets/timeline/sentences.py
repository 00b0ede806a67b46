"""Every code of an event with its sentence, its icon and its kind: one line for one code."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from tickets.choices import Status
from tickets.timeline import wording as say
from tickets.timeline.wording import Say

KINDS: dict[str, str | Promise] = {
    "talk": gettext_lazy("Messages"),
    "work": pgettext_lazy("timeline", "Work"),
    "deadline": gettext_lazy("Deadlines"),
}


@dataclass(frozen=True)
class Sentence:
    """How one code is shown: its kind (`KINDS`), its icon, what it says, and what stands below in small print."""

    kind: str
    icon: str
    say: Say
    tone: str = ""
    detail: Say = lambda data, names: ""


SENTENCES: dict[str, Sentence] = {
    "ticket.created": Sentence("work", "ticket", say.created),
    "ticket.imported": Sentence("work", "inbox", say.imported),
    "ticket.assigned": Sentence("work", "user", say.assigned, detail=say.holders),
    "ticket.taken": Sentence("work", "hand", say.plain(gettext_lazy("took the ticket")), detail=say.holders),
    "ticket.taken_over": Sentence("work", "hand", say.plain(gettext_lazy("took the ticket over")), detail=say.holders),
    "ticket.released": Sentence(
        "work", "inbox", say.plain(gettext_lazy("put the ticket back into the queue")), detail=say.holders
    ),
    "ticket.team": Sentence("work", "transfer", say.team, detail=say.now_with),
    "ticket.followed": Sentence("work", "eye", say.person(gettext_lazy("watcher: %(person)s"))),
    "ticket.unfollowed": Sentence("work", "x", say.person(gettext_lazy("takes part no longer: %(person)s"))),
    "ticket.time": Sentence("work", "clock", say.minutes),
    "ticket.time.corrected": Sentence("work", "clock", say.corrected),
    "ticket.checklist.added": Sentence("work", "plus", say.added_items, detail=say.whose),
    "ticket.checklist.done": Sentence("work", "check", say.plain(gettext_lazy("ticked an item of the checklist"))),
    "ticket.checklist.undone": Sentence(
        "work", "refresh", say.plain(gettext_lazy("took the tick off an item of the checklist"))
    ),
    "ticket.checklist.owner": Sentence(
        "work", "user", say.plain(gettext_lazy("gave an item of the checklist to somebody")), detail=say.whose
    ),
    "ticket.checklist.removed": Sentence("work", "x", say.plain(gettext_lazy("took an item off the checklist"))),
    "ticket.handover.acknowledged": Sentence(
        "work", "check", say.plain(gettext_lazy("has understood the hand-over")), "good"
    ),
    "ticket.handover.returned": Sentence(
        "work", "reply", say.plain(gettext_lazy("asked back about the hand-over")), "warn"
    ),
    "ticket.status": Sentence("work", "play", say.plain(gettext_lazy("changed the status")), detail=say.from_to),
    "ticket.properties": Sentence("work", "tag", say.plain(gettext_lazy("edited the properties")), detail=say.changes),
    "ticket.reply.public": Sentence("talk", "send", say.plain(gettext_lazy("answered the customer")), detail=say.marks),
    "ticket.note": Sentence("talk", "lock", say.plain(gettext_lazy("wrote an internal note"))),
    "ticket.customer_message": Sentence("talk", "message", say.plain(gettext_lazy("wrote as the customer"))),
    "ticket.mail_held": Sentence(
        "talk", "mail", say.plain(gettext_lazy("a mail of somebody else waits for approval")), "warn"
    ),
    "ticket.mail_approved": Sentence("talk", "check", say.plain(gettext_lazy("let a held mail in"))),
    "ticket.mail_rejected": Sentence("talk", "x", say.plain(gettext_lazy("did not let a held mail in"))),
    "ticket.mail_remark": Sentence("talk", "mail", say.plain(gettext_lazy("made a remark about a mail"))),
    "ticket.mail_automatic": Sentence("talk", "mail", say.plain(gettext_lazy("an automatic reply came"))),
    "ticket.undelivered": Sentence("talk", "alert", say.plain(gettext_lazy("a mail could not be delivered")), "alert"),
    "ticket.urged": Sentence("talk", "bell", say.plain(gettext_lazy("asked us to hurry")), "warn"),
    "ticket.mentioned": Sentence("talk", "user", say.person(gettext_lazy("mentioned %(person)s"))),
    "ticket.shift_note": Sentence("work", "note", say.plain(gettext_lazy("named it in a hand-over note"))),
    "ticket.called_in": Sentence("work", "users", say.person(gettext_lazy("called %(person)s in"))),
    "ticket.regraded": Sentence("work", "flag", say.regraded, "warn"),
    "ticket.severity.contested": Sentence(
        "work", "flag", say.wanted(gettext_lazy("asks for severity %(wanted)s")), "warn", say.grades
    ),
    "ticket.severity.accepted": Sentence("work", "flag", say.wanted(gettext_lazy("accepted severity %(wanted)s"))),
    "ticket.severity.declined": Sentence("work", "flag", say.wanted(gettext_lazy("declined severity %(wanted)s"))),
    "ticket.severity.lapsed": Sentence(
        "work",
        "flag",
        say.wanted(gettext_lazy("closed the request for severity %(wanted)s: solved before it was decided")),
    ),
    "ticket.resolved": Sentence(
        "work", "check", say.plain(gettext_lazy("resolved the ticket")), "good", say.ended_as(Status.RESOLVED)
    ),
    "ticket.cause_reported": Sentence(
        "work", "edit", say.plain(gettext_lazy("handed in the root cause report")), "good"
    ),
    "ticket.confirmed": Sentence(
        "work",
        "check-circle",
        say.plain(gettext_lazy("confirmed the solution; closed")),
        "good",
        say.ended_as(Status.CLOSED),
    ),
    "ticket.closed.silence": Sentence(
        "work",
        "lock",
        say.plain(gettext_lazy("closed after three working days of silence")),
        detail=say.ended_as(Status.CLOSED),
    ),
    "ticket.reopened": Sentence(
        "work", "refresh", say.plain(gettext_lazy("opened the ticket again")), "warn", say.ended_as(Status.OPEN)
    ),
    "ticket.merged": Sentence(
        "work",
        "transfer",
        say.numbered(gettext_lazy("merged this ticket into %(number)s")),
        detail=say.ended_as(Status.CLOSED),
    ),
    "ticket.macro": Sentence("work", "play", say.macro),
    "incident.told": Sentence("talk", "flag", say.incident),
    "ticket.merged_from": Sentence(
        "work", "transfer", say.numbered(gettext_lazy("merged %(number)s into this ticket"))
    ),
    "ticket.unmerged": Sentence(
        "work", "history", say.numbered(gettext_lazy("took this ticket out of %(number)s again")), "warn"
    ),
    "ticket.unmerged_from": Sentence(
        "work", "history", say.numbered(gettext_lazy("took %(number)s out of this ticket again"))
    ),
    "ticket.split": Sentence("work", "branch", say.numbered(gettext_lazy("split a message into %(number)s"))),
    "ticket.linked": Sentence("work", "link", say.linked(gettext_lazy("linked: %(words)s %(number)s"))),
    "ticket.unlinked": Sentence("work", "link", say.linked(gettext_lazy("took a link away: %(words)s %(number)s"))),
    "ticket.parent_set": Sentence("work", "branch", say.numbered(gettext_lazy("made this ticket part of %(number)s"))),
    "ticket.parent_left": Sentence(
        "work", "branch", say.numbered(gettext_lazy("made this ticket no longer part of %(number)s"))
    ),
    "ticket.child_added": Sentence("work", "branch", say.numbered(gettext_lazy("made %(number)s part of this ticket"))),
    "ticket.child_left": Sentence(
        "work", "branch", say.numbered(gettext_lazy("made %(number)s no longer part of this ticket"))
    ),
    "ticket.children_told": Sentence("talk", "send", say.children_told),
    "ticket.children_resolved": Sentence("work", "check", say.children_resolved, "good"),
    "ticket.bulk_undone": Sentence("work", "history", say.plain(gettext_lazy("took a change of several tickets back"))),
    "ticket.put_aside": Sentence("work", "hourglass", say.put_aside),
    "ticket.article.drafted": Sentence("work", "book", say.article(gettext_lazy("created a draft article: %(title)s"))),
    "ticket.article.used": Sentence("work", "link", say.article(gettext_lazy("used the article: %(title)s"))),
    "ticket.mail_resent": Sentence(
        "talk", "mail", say.plain(gettext_lazy("sent the customer once more what had not left"))
    ),
    "ticket.links_revoked": Sentence("work", "lock", say.plain(gettext_lazy("made the private links useless"))),
    "ticket.policies_applied": Sentence(
        "deadline", "refresh", say.plain(gettext_lazy("applied the present policies")), detail=say.promises
    ),
    "ticket.escalated": Sentence("deadline", "escalate", say.escalated, "alert"),
    "ticket.escalation.acknowledged": Sentence("deadline", "check", say.acknowledged),
    "ticket.breach_reason": Sentence(
        "deadline", "edit", say.about_metric(gettext_lazy("said why this was missed: %(metric)s"))
    ),
    "clock.warned": Sentence(
        "deadline", "hourglass", say.about_metric(gettext_lazy("due soon: %(metric)s")), "warn", say.due
    ),
    "clock.breached": Sentence(
        "deadline", "alert", say.about_metric(gettext_lazy("missed: %(metric)s")), "alert", say.due
    ),
    "clock.met": Sentence("deadline", "check", say.about_metric(gettext_lazy("in time: %(metric)s")), "good", say.due),
    "clock.missed": Sentence(
        "deadline", "alert", say.about_metric(gettext_lazy("answered late: %(metric)s")), "alert", say.due
    ),
    "ticket.alert.joined": Sentence("work", "bell", say.alerts_joined, "warn"),
    "ticket.alert.again": Sentence("work", "bell", say.alerts_again, "warn"),
    "ticket.alert.over": Sentence("work", "check", say.alerts_over, "good", say.alerts_left),
    "ticket.alert.stays": Sentence(
        "work", "edit", say.plain(gettext_lazy("would have resolved it, but a person has to answer a field first"))
    ),
    "ticket.chat.started": Sentence("talk", "message", say.plain(gettext_lazy("began a chat"))),
    "ticket.chat.returned": Sentence("talk", "message", say.plain(gettext_lazy("came back into the chat"))),
    "ticket.chat.left": Sentence("talk", "sign-out", say.plain(gettext_lazy("the visitor left the chat"))),
    "ticket.chat.ended": Sentence("talk", "x", say.plain(gettext_lazy("ended the chat"))),
    "survey.answered.link": Sentence("talk", "star", say.survey),
    "survey.answered.call": Sentence("talk", "phone", say.survey),
}
