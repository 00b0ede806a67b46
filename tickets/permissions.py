"""What somebody may do with a ticket that they see: one table for pages, templates and the API."""

from accounts.models import Team, User
from accounts.selectors import teams_in_reach
from tickets.models import Ticket

#: Action of staff → the permission codes that it needs.
STAFF_ACTIONS = {
    "reply": {"ticket.work"},
    "note": {"ticket.note"},
    "status": {"ticket.work"},
    "resolve": {"ticket.work"},
    "reopen": {"ticket.work"},
    "report_cause": {"ticket.work"},
    "merge": {"ticket.work"},
    "unmerge": {"ticket.work"},
    "split": {"ticket.work"},
    "link": {"ticket.work"},
    "unlink": {"ticket.work"},
    "tell_children": {"ticket.work"},
    "resolve_children": {"ticket.work"},
    "tell_again": {"ticket.work"},
    "regrade": {"ticket.work"},
    "watch": {"workspace.enter"},
    "unwatch": {"workspace.enter"},
    "add_watchers": {"ticket.work"},
    "remove_watcher": {"ticket.work"},
    "log_time": {"ticket.note"},
    "correct_time": {"ticket.note"},
    "checklist_add": {"ticket.work"},
    "checklist_item": {"ticket.work"},
    "checklist_owner": {"ticket.work"},
    "checklist_template": {"ticket.work"},
    "take": {"ticket.work"},
    "assign": {"ticket.assign"},
    "hand_over": {"ticket.assign"},
    "understand": {"ticket.work"},
    "ask_back": {"ticket.work"},
    "properties": {"ticket.work"},
    "call_in": {"ticket.work"},
    "macro": {"ticket.work"},
    "draft_article": {"article.write"},
    "take_over": {"ticket.work", "escalation.handle"},
    "acknowledge": {"escalation.handle"},
    "decide_contest": {"ticket.decide_severity"},
    "breach_reason": {"ticket.work"},
    "revoke_links": {"ticket.work"},
    "resend_mail": {"ticket.work"},
}
#: Actions of the customer's side: the requester, and colleagues who see the organization's tickets.
CUSTOMER_ACTIONS = frozenset({"message", "confirm", "refute", "contest", "urge", "follow"})


def may(user: User, action: str, ticket: Ticket) -> bool:
    """Whether ``user``, who sees ``ticket``, may do ``action``. Nobody works on their own problem as staff.

    Raises:
        KeyError: for an action that is in neither table.
    """
    if action in CUSTOMER_ACTIONS:
        return is_customer_of(user, ticket)
    return STAFF_ACTIONS[action] <= user.permission_codes and user.pk != ticket.requester_id


def works_for(person: User, team: Team | None) -> bool:
    """Whether ``person`` may hold tickets of ``team``: one of its own, or a lead above it."""
    if not (person.is_active and person.may("ticket.work")):
        return False
    if team is None or team.pk in person.team_ids():  # one's own is asked for most, and costs no query
        return True
    return team.pk in teams_in_reach(user=person)


def may_hold(person: User, ticket: Ticket) -> bool:
    """Whether ``ticket`` may become that of ``person``. Nobody works on their own problem."""
    return person.pk != ticket.requester_id and works_for(person, ticket.team)


def is_customer_of(user: User, ticket: Ticket) -> bool:
    """Whether ``user`` stands on the customer's side of ``ticket``."""
    if user.pk == ticket.requester_id:
        return True
    same = user.organization_id is not None and user.organization_id == ticket.organization_id
    return same and user.sees_organization and user.is_customer


def allowed_actions(user: User, ticket: Ticket) -> frozenset[str]:
    """Every action that ``user`` may do with ``ticket``, for templates."""
    return frozenset(name for name in (*STAFF_ACTIONS, *CUSTOMER_ACTIONS) if may(user, name, ticket))
