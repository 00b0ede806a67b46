"""Service accounts: programs that act in their own name, for as long as the house wants and not as a person stays."""

import secrets
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import ApiToken, Membership, Role, ServiceAccount, Team, User
from accounts.selectors import colleagues
from accounts.services.people import NAME_LENGTH, clean_name, grant_role

PURPOSE_LENGTH = 300
_ADDRESSES = "@program.invalid"  # not that of stand-ins, whose private links open


@transaction.atomic
def save_service_account(
    *, actor: User, name: str, purpose: str, owner: User, account: ServiceAccount | None = None, now: datetime
) -> ServiceAccount:
    """Set a service account up, or change ``account``. It can do nothing until it has roles and a token.

    Its address cannot exist (RFC 2606) and cannot be guessed, so that no mail comes in its name.

    Raises:
        PermissionDenied: the actor is not an administrator.
        ValidationError: no name or purpose, one that ended, or a responsible person who does not work here.
    """
    _demand(actor)
    name, purpose = clean_name(name)[:NAME_LENGTH], purpose.strip()[:PURPOSE_LENGTH]
    errors = {}
    if not name:
        errors["name"] = _("Give the account a name.")
    if not purpose:
        errors["purpose"] = _("Say what it does.")
    if not colleagues().filter(pk=owner.pk).exists() and (account is None or account.owner_id != owner.pk):
        errors["owner"] = _("This person does not work here.")
    if errors:
        raise ValidationError(errors)
    if account is None:
        user = User(email=f"service-{secrets.token_hex(8)}{_ADDRESSES}", name=name, is_service=True)
        user.is_active = user.on_duty = False
        user.set_unusable_password()
        user.save()
        return ServiceAccount.objects.create(user=user, purpose=purpose, owner=owner, created_at=now)
    account = _running(account)
    account.user.name, account.purpose, account.owner = name, purpose, owner
    account.user.save(update_fields=["name"])
    account.save(update_fields=["purpose", "owner"])
    return account


@transaction.atomic
def grant_service_role(
    *, actor: User, account: ServiceAccount, role: Role, team: Team | None, now: datetime
) -> Membership:
    """Give a service account a role, in one team or (None) everywhere.

    Raises:
        PermissionDenied: the actor is not an administrator.
        ValidationError: the account ended, the role is that of customers, who submit for themselves alone, or it is
            one that sees the tickets of its teams, and no team is named: such an account would see none at all.
    """
    _demand(actor)
    account = _running(account)
    if role.code == "customer":
        raise ValidationError({"role": _("A program is no customer.")})
    if team is None and "ticket.view_team" in role.permissions and "ticket.view_all" not in role.permissions:
        raise ValidationError({"team": _("Choose a team: this role sees the tickets of its teams and no others.")})
    return grant_role(actor=actor, user=account.user, role=role, team=team, now=now)


@transaction.atomic
def end_service_account(*, actor: User, account: ServiceAccount, now: datetime) -> None:
    """Close its doors for good; what it did stays under its name. Ending it again changes nothing.

    Raises:
        PermissionDenied: the actor is not an administrator.
    """
    _demand(actor)
    account = ServiceAccount.objects.select_for_update().get(pk=account.pk)
    if account.ended_at is not None:
        return
    account.ended_at = now
    account.save(update_fields=["ended_at"])
    ApiToken.objects.filter(user=account.pk, revoked_at__isnull=True).update(revoked_at=now)


def _running(account: ServiceAccount) -> ServiceAccount:
    row = ServiceAccount.objects.select_for_update(of=("self",)).select_related("user").get(pk=account.pk)
    if row.ended_at is not None:
        raise ValidationError(_("This service account has ended."))
    return row


def _demand(actor: User) -> None:
    if not actor.may("admin.configure"):
        raise PermissionDenied
