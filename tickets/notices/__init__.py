"""What tickets tell, to whom: every kind of message is one class. `register_all` makes them known to the outbox."""

from django.utils.translation import gettext_lazy as _

from outbox.registry import register
from tickets.notices import customers, incidents, staff, teamwork
from tickets.notices.labels import LABELS, MUST_HEAR
from tickets.notices.words import register_shared, register_words

#: What chat robots may tell of, in the words of the administrator's choice. Nothing that is meant for one person.
ROBOTS = {
    "ticket.escalated": _("a deadline was missed (every level of the ladder)"),
    "ticket.warning": _("a deadline is close"),
    "ticket.unassigned": _("a ticket came in and nobody has it"),
    "ticket.assigned": _("a ticket was assigned to somebody"),
    "ticket.customer_message": _("a customer wrote"),
    "ticket.urged": _("a customer urges"),
    "ticket.contested": _("a customer contests a severity"),
    "ticket.reopened": _("a ticket was opened again"),
}


def register_all() -> None:
    """Register every kind with its name and the words that may be changed; called once when the app is ready."""
    register_shared()
    for module, group in ((customers, "customers"), (incidents, "customers"), (staff, "staff"), (teamwork, "staff")):
        for notice in module.NOTICES:
            notice.robots = ROBOTS.get(notice.kind, "")
            notice.label, notice.must_hear = LABELS[notice.kind], MUST_HEAR.get(notice.kind, "")
            register(notice)
            register_words(notice, group)
