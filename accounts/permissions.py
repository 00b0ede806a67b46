"""Permission codes and the default bundles that the seven roles carry on a fresh install (mission.md, introduction)."""

from django.utils.translation import gettext_lazy as _

CODES = {
    "portal.submit": _("submit problems"),
    "workspace.enter": _("enter the agents' workspace"),
    "ticket.view_called": _("see tickets one is called into"),
    "ticket.view_team": _("see the tickets of one's teams"),
    "ticket.view_all": _("see every ticket"),
    "ticket.work": _("answer, move and resolve tickets"),
    "ticket.note": _("write internal notes"),
    "ticket.assign": _("assign tickets to others"),
    "ticket.decide_severity": _("decide a contested severity"),
    "escalation.handle": _("acknowledge and handle escalations"),
    "incident.tell": _("tell customers about known incidents"),
    "article.write": _("write articles"),
    "article.publish": _("review and publish articles"),
    "survey.log_call": _("log a follow-up call"),
    "mail.sort": _("sort mails that became no message"),
    "view.share": _("share views of the queue with one's teams"),
    "report.view": _("see the figures"),
    "admin.configure": _("set the system up"),
    "admin.mailbox": _("read the demo mailbox and the outbox"),
}
ALL_CODES = frozenset(CODES)

_CONSULTED = ["workspace.enter", "ticket.view_called", "ticket.note", "article.write"]
_AGENT = [*_CONSULTED, "ticket.view_team", "ticket.work", "ticket.assign", "survey.log_call"]
_LEAD = [
    *_AGENT,
    "ticket.decide_severity",
    "escalation.handle",
    "incident.tell",
    "article.publish",
    "mail.sort",
    "view.share",
    "report.view",
]

DEFAULT_ROLES = {
    "customer": ("客户", "Customer", ["portal.submit"]),
    "agent": ("技术支持工程师", "Agent", _AGENT),
    "lead": ("团队负责人", "Team lead", _LEAD),
    "product": ("产品", "Product", _CONSULTED),
    "rnd": ("研发", "R&D", _CONSULTED),
    "manager": ("经理", "Manager", ["workspace.enter", "ticket.view_all", "escalation.handle", "report.view"]),
    "administrator": ("管理员", "Administrator", sorted(ALL_CODES)),
}
ROLE_CHOICES = [
    ("customer", _("customer")),
    ("agent", _("agent")),
    ("lead", _("team lead")),
    ("product", _("product")),
    ("rnd", _("R&D")),
    ("manager", _("manager")),
    ("administrator", _("administrator")),
]
