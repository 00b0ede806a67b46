"""Keys for programs."""

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.authentication import PREFIX_LENGTH, hashed, new_secret
from accounts.models import ApiToken, User
from accounts.scopes import scopes_of

TOKENS_PER_PERSON = 20


@transaction.atomic
def issue_token(
    *, actor: User, user: User, name: str, scopes: list[str], expires_at: datetime | None, now: datetime
) -> tuple[ApiToken, str]:
    """Make a token for oneself; its secret is returned once and stored hashed.

    Raises:
        PermissionDenied: for somebody else (an administrator with another's token would act in that name).
        ValidationError: no name, no scope, a scope that the person does not have, an expiry in the past, too many.
    """
    if actor.pk != user.pk:
        raise PermissionDenied
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two parallel calls must not pass the limit together
    name = name.strip()
    errors: dict[str, str] = {}
    if not name:
        errors["name"] = _("Give the token a name.")
    if not scopes or set(scopes) - scopes_of(user=user):
        errors["scopes"] = _("Choose at least one scope, and none beyond your own permissions.")
    if expires_at is not None and expires_at <= now:
        errors["expires_at"] = _("This time has passed.")
    if ApiToken.objects.filter(user=user, revoked_at__isnull=True).count() >= TOKENS_PER_PERSON:
        errors["name"] = _("You have %(max)d tokens; revoke one first.") % {"max": TOKENS_PER_PERSON}
    if errors:
        raise ValidationError(errors)
    secret = new_secret()
    token = ApiToken.objects.create(
        user=user,
        name=name[:80],
        prefix=secret[:PREFIX_LENGTH],
        token_hash=hashed(secret),
        scopes=sorted(set(scopes)),
        created_at=now,
        expires_at=expires_at,
    )
    return token, secret


def revoke_token(*, actor: User, token: ApiToken, now: datetime) -> None:
    """End a token, one's own or as an administrator anybody's; the first revocation's instant stays.

    Raises:
        PermissionDenied: a token of somebody else.
    """
    if actor.pk != token.user_id and not actor.may("admin.configure"):
        raise PermissionDenied
    ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now)
    token.refresh_from_db(fields=["revoked_at"])
