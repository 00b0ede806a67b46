"""What a program may do with a token, and which permissions a person needs to hold a scope."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User

SCOPES = {
    "tickets:read": _("read tickets"),
    "tickets:write": _("submit and change tickets"),
    "articles:read": _("read articles"),
    "articles:write": _("write articles"),
    "reports:read": _("read figures"),
    "admin": _("set the system up"),
}

# A scope is worth no more than the person behind the token: any one of these codes is needed (empty: none).
_NEEDS = {
    "tickets:read": {"portal.submit", "ticket.view_called", "ticket.view_team", "ticket.view_all"},
    "tickets:write": {"portal.submit", "ticket.work", "ticket.note", "ticket.assign", "escalation.handle"},
    "articles:read": set(),
    "articles:write": {"article.write"},
    "reports:read": {"report.view"},
    "admin": {"admin.configure"},
}


def scopes_of(*, user: User) -> frozenset[str]:
    """The scopes that the permissions of ``user`` are good for."""
    return frozenset(scope for scope, codes in _NEEDS.items() if not codes or codes & user.permission_codes)
