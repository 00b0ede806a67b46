"""People become known, are invited, get roles, and leave."""

import unicodedata
import zoneinfo
from datetime import datetime

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from accounts.links import person_of_invitation
from accounts.models import STAND_INS, ApiToken, Membership, Organization, Role, Team, User
from accounts.permissions import ALL_CODES
from outbox.services import enqueue

NAME_LENGTH = 120


def clean_name(name: str) -> str:
    """A name on one line, without control and invisible formatting characters (header injection, disguise)."""
    spaced = "".join(" " if c.isspace() else c for c in unicodedata.normalize("NFC", name))
    kept = "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))
    return " ".join(kept.split())[:NAME_LENGTH].strip()


def _by_email(email: str) -> User | None:
    return User.objects.alias(key=Lower("email")).filter(key=email).first()


def _organization_of(email: str) -> Organization | None:
    domain = email.rpartition("@")[2]
    return Organization.objects.alias(key=Lower("domain")).filter(key=domain).exclude(domain="").first()


@transaction.atomic
def find_or_create_requester(*, email: str, name: str, language: str, now: datetime) -> User:
    """The person behind an address, made known when new; parallel calls for one address give one person.

    Whoever fills in a form may claim any address. So a known person's name and language stay as they are, and a new
    person is a customer who sees their own tickets only: the organization of the mail domain is noted for routing
    and service level, but `sees_organization` is granted by an administrator alone.

    Raises:
        ValidationError: not an e-mail address, that of a service account, or one of those that only `stand_in` gives.
    """
    email = email.strip().lower()
    validate_email(email)
    if email.endswith(STAND_INS):  # some can be guessed, such as that of a phone number
        raise ValidationError({"email": _("Nobody has this address.")})
    person = _by_email(email)
    if person is not None and person.is_service:
        raise ValidationError({"email": _("This is the address of a program.")})
    if person is not None:
        return person
    known_languages = {code for code, _label in settings.LANGUAGES}
    newcomer = User(
        email=email,
        name=clean_name(name) or email.partition("@")[0][:NAME_LENGTH],
        language=language if language in known_languages else settings.LANGUAGE_CODE,
        organization=_organization_of(email),
    )
    newcomer.set_unusable_password()
    # ON CONFLICT DO NOTHING waits for the other transaction, whose row the next query then sees.
    User.objects.bulk_create([newcomer], ignore_conflicts=True)
    person = User.objects.alias(key=Lower("email")).get(key=email)
    customer = Role.objects.get(code="customer")
    Membership.objects.bulk_create([Membership(user=person, role=customer)], ignore_conflicts=True)
    return person


@transaction.atomic
def stand_in(*, key: str, name: str, language: str) -> User:
    """The person that stands for a monitoring system, or for somebody known by an id of a chat alone.

    ``key`` is theirs for ever. Nobody signs in as them and no mail goes to them: they are not active, and their address
    is one that cannot exist (RFC 2606).
    """
    email = f"{key.lower()}{STAND_INS}"
    newcomer = User(email=email, name=clean_name(name) or key[:NAME_LENGTH], language=language, is_active=False)
    newcomer.set_unusable_password()
    User.objects.bulk_create([newcomer], ignore_conflicts=True)
    return User.objects.alias(key=Lower("email")).get(key=email)


def _demand_administrator(actor: User) -> None:
    if not actor.may("admin.configure"):
        raise PermissionDenied


@transaction.atomic
def invite_user(
    *,
    actor: User,
    email: str,
    name: str,
    role: Role,
    team: Team | None = None,
    organization: Organization | None = None,
    language: str = "zh-hans",
    now: datetime,
) -> User:
    """Give somebody a role and send a link by which they choose their password (single use, three days).

    Inviting again sends a new link and voids the one before.

    Raises:
        PermissionDenied: the actor is not an administrator.
        ValidationError: not an address, or that person signs in already.
    """
    _demand_administrator(actor)
    person = find_or_create_requester(email=email, name=name, language=language, now=now)
    person = User.objects.select_for_update().get(pk=person.pk)
    if person.has_usable_password():
        raise ValidationError({"email": _("This person signs in already.")})
    if not person.is_active:
        raise ValidationError({"email": _("This person was deactivated.")})
    if organization is not None:
        person.organization = organization
    person.set_unusable_password()  # another random mark: links minted before no longer fit
    person.save(update_fields=["organization", "password"])
    Membership.objects.get_or_create(user=person, role=role, team=team)
    enqueue(
        kind="account.invitation",
        payload={"user_id": person.pk, "invited_by": actor.pk},
        stream=f"user:{person.pk}",
        now=now,
    )
    return person


@transaction.atomic
def accept_invitation(*, token: str, password: str, name: str = "", now: datetime) -> User | None:
    """Set the password by an invitation; None when the link is wrong, used, replaced or expired.

    Raises:
        ValidationError: the password is too weak.
    """
    person = person_of_invitation(token=token, now=now, lock=True)
    if person is None:
        return None
    validate_password(password, person)
    person.set_password(password)
    person.name = clean_name(name) or person.name
    person.save(update_fields=["password", "name"])
    return person


def set_after_send(*, actor: User, choice: str) -> None:
    """Remember where ``actor`` goes after an answer was sent.

    Raises:
        ValidationError: for an unknown choice.
    """
    actor.after_send = choice
    actor.clean_fields(exclude=[field.name for field in User._meta.fields if field.name != "after_send"])
    actor.save(update_fields=["after_send"])


def save_preferences(*, actor: User, name: str, language: str, time_zone: str, now: datetime) -> None:
    """One's own name, language and zone.

    Raises:
        ValidationError: no name, or an unknown language or zone.
    """
    errors = {}
    if not clean_name(name):
        errors["name"] = _("Tell us your name.")
    if language not in {code for code, _label in settings.LANGUAGES}:
        errors["language"] = _("This language is not known here.")
    if time_zone and time_zone not in zoneinfo.available_timezones():
        errors["time_zone"] = _("This time zone is not known.")
    if errors:
        raise ValidationError(errors)
    actor.name, actor.language, actor.time_zone = clean_name(name), language, time_zone
    actor.save(update_fields=["name", "language", "time_zone"])


def save_queue_columns(*, actor: User, columns: list[str], now: datetime) -> None:
    """Which columns one's own queue shows, by names that the room of tickets knows; none: the usual ones."""
    actor.queue_columns = columns
    actor.save(update_fields=["queue_columns"])


@transaction.atomic
def deactivate_user(*, actor: User, user: User, now: datetime) -> None:
    """Close somebody's doors at once: sign-in, every session, every token.

    The password goes too: session cookies carry its hash, so none of them revives if the person is activated again.

    Raises:
        PermissionDenied: the actor is not an administrator.
        ValidationError: oneself, or the last administrator.
    """
    _demand_administrator(actor)
    if actor.pk == user.pk:
        raise ValidationError(_("You cannot deactivate yourself."))
    user = User.objects.select_for_update().get(pk=user.pk)
    _keep_an_administrator(without_user=user)
    user.is_active = False
    user.on_duty = False
    user.set_unusable_password()
    user.save(update_fields=["is_active", "on_duty", "password"])
    ApiToken.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=now)


@transaction.atomic
def grant_role(*, actor: User, user: User, role: Role, team: Team | None, now: datetime) -> Membership:
    """Give a role, in one team or (None) everywhere.

    Raises:
        PermissionDenied: the actor is not an administrator; nobody else changes roles, not even their own.
    """
    _demand_administrator(actor)
    return Membership.objects.get_or_create(user=user, role=role, team=team)[0]


@transaction.atomic
def revoke_role(*, actor: User, membership: Membership, now: datetime) -> None:
    """Take a role away.

    Raises:
        PermissionDenied: the actor is not an administrator.
        ValidationError: nobody would be left to set the system up.
    """
    _demand_administrator(actor)
    _keep_an_administrator(without_membership=membership)
    membership.delete()


@transaction.atomic
def change_role_permissions(*, actor: User, role: Role, permissions: list[str], now: datetime) -> None:
    """Change what a role carries.

    Raises:
        PermissionDenied: the actor is not an administrator.
        ValidationError: an unknown permission, or nobody would be left to set the system up.
    """
    _demand_administrator(actor)
    if set(permissions) - ALL_CODES:
        raise ValidationError({"permissions": _("There is no such permission.")})
    role.permissions = sorted(set(permissions))
    role.save(update_fields=["permissions"])
    _keep_an_administrator()


def _keep_an_administrator(*, without_user: User | None = None, without_membership: Membership | None = None) -> None:
    """Somebody active has to be able to set the system up after this change. Roles are locked against a race."""
    roles = Role.objects.select_for_update().filter(permissions__contains=["admin.configure"])
    left = Membership.objects.filter(role__in=[role.pk for role in roles], user__is_active=True)
    superusers = User.objects.filter(is_superuser=True, is_active=True)
    if without_user is not None:
        left, superusers = left.exclude(user=without_user), superusers.exclude(pk=without_user.pk)
    if without_membership is not None:
        left = left.exclude(pk=without_membership.pk)
    if not left.exists() and not superusers.exists():
        raise ValidationError(_("Somebody has to be left who sets the system up."))
