"""What the outbox tells people about their account. Links are minted when the mail is made."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.links import INVITATION_LIFE, invitation_token
from accounts.models import ApiToken, User
from accounts.selectors import administrators
from outbox.models import Delivery, Intent, WebhookEndpoint
from outbox.registry import Notice, Recipient
from outbox.services import enqueue

EVENTS = {
    "password_changed": _("Your password was changed."),
    "password_reset": _("Your password was set again by a link sent to this address."),
    "totp_activated": _("Two-factor sign-in was switched on."),
    "totp_deactivated": _("Two-factor sign-in was switched off."),
    "recovery_codes_generated": _("New recovery codes were made; the old ones are void."),
}


def tell_account(*, kind: str, email: str, now: datetime, event: str = "") -> None:
    """Enqueue a message about the account of an address, in the caller's transaction.

    Whether the address has an account is looked up at delivery, so that asking costs the same for every address.
    """
    email = email.strip().lower()
    enqueue(kind=kind, payload={"email": email, "event": event}, stream=f"account:{email}"[:80], now=now)


class _AccountNotice(Notice):
    channels = ("mail",)

    def recipients(self, intent: Intent, now: datetime) -> Sequence[Recipient]:
        """The active person with this address; nobody for an unknown one."""
        people = User.objects.alias(key=Lower("email")).filter(key=intent.payload["email"], is_active=True)
        return [Recipient.of(person, ("mail",)) for person in people]


class PasswordReset(_AccountNotice):
    """The link by which a password is chosen anew; void once it was used or the password changed otherwise."""

    kind = "account.password_reset"
    label = _("Choose a new password")

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        user = delivery.user
        path = reverse(
            "account_reset_password_from_key",
            kwargs={"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)},
        )
        hours = settings.PASSWORD_RESET_TIMEOUT // 3600
        return {"person": user, "link": settings.SITE_URL + path, "hours": hours}


class Security(_AccountNotice):
    """Something about sign-in changed: who did not do it should hear of it."""

    kind = "account.security"
    label = _("Something about sign-in changed")

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        event = intents[0].payload["event"]
        link = settings.SITE_URL + reverse("account_reset_password")
        return {"person": delivery.user, "event": EVENTS.get(event, ""), "at": intents[0].created_at, "link": link}


class Invitation(Notice):
    """The link by which an invited person chooses a password."""

    kind = "account.invitation"
    label = _("Invitation")
    channels = ("mail",)

    def recipients(self, intent: Intent, now: datetime) -> Sequence[Recipient]:
        """The invited person, unless they were deactivated or have chosen a password meanwhile."""
        people = User.objects.filter(pk=intent.payload["user_id"], is_active=True)
        return [Recipient.of(person, ("mail",)) for person in people if not person.has_usable_password()]

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        host = User.objects.filter(pk=intents[0].payload.get("invited_by")).first()
        path = reverse("invitation", kwargs={"token": invitation_token(user=cast(User, delivery.user), now=now)})
        return {
            "person": delivery.user,
            "host": host,
            "link": settings.SITE_URL + path,
            "days": INVITATION_LIFE.days,
        }


class Deputy(Notice):
    """Somebody will be away and named this person as their deputy, or that was called off."""

    kind = "account.deputy"
    label = _("You are named as a deputy")
    audience = "staff"

    def recipients(self, intent: Intent, now: datetime) -> Sequence[Recipient]:
        """The deputy, unless the time is over before the message leaves."""
        if not intent.payload["off"] and _instant(intent, "ends_at") <= now:
            return []
        return [Recipient.of(one) for one in User.objects.filter(pk=intent.payload["deputy"], is_active=True)]

    def wakes(self, intent: Intent) -> bool:
        return False

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        first = intents[0]
        return {
            "person": delivery.user,
            "absent": User.objects.filter(pk=first.payload["person"]).first(),
            "starts_at": _instant(first, "starts_at"),
            "ends_at": _instant(first, "ends_at"),
            "off": first.payload["off"],
            "url": settings.SITE_URL + reverse("workspace:board"),
        }


class WebhookSwitchedOff(Notice):
    """A program elsewhere accepted nothing for days; in this room, which knows who administrates."""

    kind = "webhook.switched_off"
    label = _("A webhook was switched off")
    audience = "staff"

    def recipients(self, intent: Intent, now: datetime) -> Sequence[Recipient]:
        """The administrators, unless somebody switched it on again or deleted it meanwhile."""
        off = WebhookEndpoint.objects.filter(pk=intent.payload["endpoint"], is_active=False)
        return [Recipient.of(user) for user in administrators()] if off.exists() else []

    def wakes(self, intent: Intent) -> bool:
        return False

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        endpoint = WebhookEndpoint.objects.get(pk=intents[0].payload["endpoint"])
        url = settings.SITE_URL + reverse("outbox:webhook", args=[endpoint.pk])
        return {"endpoint": endpoint, "since": _instant(intents[0], "since"), "url": url}

    def visible(self, intents: list[Intent], user: Any) -> set[int]:
        return super().visible(intents, user) if user.may("admin.configure") else set()


class TokenEnds(Notice):
    """A program will soon be locked out: its person hears of it, or who is responsible for the service account."""

    kind = "account.token_ends"
    label = _("An API token ends soon")
    channels = ("mail",)

    def recipients(self, intent: Intent, now: datetime) -> Sequence[Recipient]:
        """Nobody when it ended meanwhile or was revoked; the administrators when who answers for it has left."""
        token = self._token(intent)
        if token is None or token.revoked_at or token.expires_at is None or token.expires_at <= now:
            return []
        person = token.user.service.owner if token.user.is_service else token.user
        people = [person] if person.is_active else list(administrators()) if token.user.is_service else []
        return [Recipient.of(one, self.channels) for one in people]

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        token = cast(ApiToken, self._token(intents[0]))
        service = token.user.is_service
        may_mend = service and cast(User, delivery.user).may("admin.configure")
        page = reverse("service-account", args=[token.user_id]) if may_mend else reverse("profile")
        return {
            "person": delivery.user,
            "token": token,
            "service": token.user if service else None,
            "url": settings.SITE_URL + page,
        }

    def _token(self, intent: Intent) -> ApiToken | None:
        rows = ApiToken.objects.select_related("user__service__owner")
        return rows.filter(pk=intent.payload["token"]).first()


def _instant(intent: Intent, name: str) -> datetime:
    return datetime.fromisoformat(intent.payload[name])


NOTICES = (PasswordReset(), Security(), Invitation(), Deputy(), TokenEnds(), WebhookSwitchedOff())
