"""Forms of sign-in and of one's own profile."""

import zoneinfo
from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.forms import ResetPasswordForm, UserTokenForm
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django import forms
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import sign_in
from accounts.models import Absence, Organization, Role, Team, User
from accounts.notices import tell_account
from accounts.scopes import SCOPES, scopes_of
from accounts.selectors import deputies_of
from outbox import clock

# What people here are likely to live in, first; the full list has 600 names.
_ZONES = ["Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo", "Europe/London", "UTC"]
_LIVES = [("30", _("30 days")), ("90", _("90 days")), ("365", _("one year")), ("0", _("no end"))]


def _instant() -> forms.DateTimeInput:
    return forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})


def _time_of_day() -> forms.TimeInput:
    return forms.TimeInput(format="%H:%M", attrs={"type": "time"})


class ResetForm(ResetPasswordForm):
    """Known and unknown addresses take the same way: one count, one row, one answer."""

    def clean_email(self) -> str:
        self.users: list[User] = []
        return get_adapter().clean_email(self.cleaned_data["email"].lower())

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        email = self.cleaned_data["email"]
        if sign_in.allow_reset(ip=request.META.get("REMOTE_ADDR", ""), email=email):
            with transaction.atomic():
                tell_account(kind="account.password_reset", email=email, now=clock.now())
        return email


class ResetLinkForm(UserTokenForm):
    """Whom a reset link stands for: nobody who left, and no service account."""

    def _get_user(self, uidb36: str) -> User | None:
        user = super()._get_user(uidb36)
        return user if user is not None and user.is_active else None


class _CountedCode:
    """allauth counts codes in the cache; this count holds without it."""

    user: User
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        if not sign_in.allow_code(user_id=self.user.pk):
            raise get_adapter().validation_error("too_many_login_attempts")
        return super().clean_code()  # type: ignore[misc]


class SecondFactorForm(_CountedCode, AuthenticateForm):
    """The code at sign-in."""


class SecondFactorAgainForm(_CountedCode, ReauthenticateForm):
    """The code before something delicate."""


class ProfileForm(forms.Form):
    """Name, language and zone. `save_preferences` checks once more."""

    name = forms.CharField(label=_("Name"), max_length=120)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone and zone not in _ZONES)
        default = _("as the house: %(zone)s") % {"zone": settings.TIME_ZONE}
        cast(forms.ChoiceField, self.fields["time_zone"]).choices = [
            ("", default),
            *((zone, zone) for zone in [*_ZONES, *others]),
        ]


class AbsenceForm(forms.Form):
    """A period out of office of one person, read in the zone of whoever enters it. `add_absence` checks the rest."""

    starts_at = forms.DateTimeField(label=_("From"), widget=_instant())
    ends_at = forms.DateTimeField(label=_("Until"), widget=_instant())
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=Absence.Reason.choices,
        required=False,
        help_text=_("Only the person, their lead and administrators see it."),
    )
    note = forms.CharField(label=_("Note"), max_length=200, required=False)
    deputy = forms.ModelChoiceField(
        label=_("Deputy"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("nobody"),
        help_text=_("Is told by mail, and is proposed when tickets are handed over."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelChoiceField, self.fields["deputy"]).queryset = deputies_of(user=user).order_by("name", "pk")

    def clean_reason(self) -> str:
        return self.cleaned_data["reason"] or Absence.Reason.OTHER


class QuietHoursForm(forms.Form):
    """From when until when messages wait; both empty: never. `set_quiet_hours` checks the rest."""

    quiet_from = forms.TimeField(label=_("Quiet from"), required=False, widget=_time_of_day())
    quiet_until = forms.TimeField(label=_("Quiet until"), required=False, widget=_time_of_day())


class TokenForm(forms.Form):
    """A new API token; scopes are those that the person has."""

    token_name = forms.CharField(label=_("What is it for?"), max_length=80)
    scopes = forms.MultipleChoiceField(label=_("Scopes"), widget=forms.CheckboxSelectMultiple)
    days = forms.ChoiceField(label=_("Valid for"), choices=_LIVES, initial="90")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = scopes_of(user=user)
        cast(forms.ChoiceField, self.fields["scopes"]).choices = [
            (code, label) for code, label in SCOPES.items() if code in held
        ]


class InvitationForm(forms.Form):
    """The invited person's name and first password."""

    name = forms.CharField(label=_("Your name"), max_length=120)
    password = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters; a sentence is good. Paste and password managers are welcome."),
    )


class InviteForm(forms.Form):
    """Whom an administrator invites, and as what."""

    email = forms.EmailField(label=_("E-mail"))
    name = forms.CharField(label=_("Name"), max_length=120)
    role = forms.ModelChoiceField(label=_("Role"), queryset=Role.objects.all())
    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.all(), required=False)
    organization = forms.ModelChoiceField(
        label=_("Organization (for customers)"), queryset=Organization.objects.all(), required=False
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
