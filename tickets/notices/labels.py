"""What each kind is called where people choose what they hear, and where the administrator changes its words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LABELS: dict[str, Promise] = {
    "ticket.acknowledged": _("We have the problem"),
    "ticket.reply": _("An answer"),
    "ticket.closed": _("Closed after silence"),
    "ticket.regraded": _("Another grade"),
    "ticket.contest_declined": _("The grade stays"),
    "ticket.resolved": _("Is it solved?"),
    "ticket.split": _("A part goes on as a ticket of its own"),
    "ticket.unmerged": _("The ticket goes on by itself"),
    "incident.news": _("News of a known incident"),
    "ticket.assigned": _("A ticket is yours now"),
    "ticket.unassigned": _("A ticket waits for somebody to take it"),
    "ticket.customer_message": _("The customer wrote"),
    "ticket.mail_held": _("A mail of a stranger waits for your decision"),
    "ticket.undelivered": _("A mail did not reach the customer"),
    "ticket.urged": _("The customer urges"),
    "ticket.warning": _("A deadline is close"),
    "ticket.progress_due": _("A progress update is due"),
    "ticket.escalated": _("A deadline was missed: escalation"),
    "ticket.missed": _("You are asked why a deadline was missed"),
    "ticket.contested": _("A customer contests the grade"),
    "ticket.reopened": _("Not solved: open again"),
    "ticket.mentioned": _("You are mentioned"),
    "ticket.called_in": _("Your help is asked for"),
    "ticket.reply_returned": _("Your reply was not sent"),
    "ticket.handed_over": _("A ticket is handed over to you"),
    "ticket.handover.returned": _("A hand-over came back with a question"),
    "ticket.handover.acknowledged": _("Your hand-over was understood"),
    "ticket.checklist_item": _("An item of a checklist is yours"),
    "ticket.taken_away": _("Another one has your ticket now"),
    "ticket.watching": _("You were made a watcher"),
    "ticket.watched": _("Something happened in a ticket that you watch"),
}
#: What is no matter of taste, and why.
MUST_HEAR: dict[str, Promise] = {
    "ticket.escalated": _("Escalations reach whoever stands on the ladder: the next rung is told only when you were."),
    "ticket.unassigned": _("Nobody else is told of it: the ticket would lie there without anybody."),
}
