"""Writing people: who becomes known, who may do what, who is on duty, which programs act for them."""

from accounts.services.duty import add_absence, remove_absence, set_duty, set_quiet_hours
from accounts.services.people import (
    accept_invitation,
    change_role_permissions,
    deactivate_user,
    find_or_create_requester,
    grant_role,
    invite_user,
    revoke_role,
    save_preferences,
    save_queue_columns,
    set_after_send,
)
from accounts.services.programs import end_service_account, grant_service_role, save_service_account
from accounts.services.tokens import issue_service_token, issue_token, revoke_token

__all__ = [
    "accept_invitation",
    "add_absence",
    "change_role_permissions",
    "deactivate_user",
    "end_service_account",
    "find_or_create_requester",
    "grant_role",
    "grant_service_role",
    "invite_user",
    "issue_service_token",
    "issue_token",
    "remove_absence",
    "revoke_role",
    "revoke_token",
    "save_preferences",
    "save_queue_columns",
    "save_service_account",
    "set_after_send",
    "set_duty",
    "set_quiet_hours",
]
