"""Forms of service accounts."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Role, ServiceAccount, Team, User
from accounts.scopes import SCOPES, scopes_of
from accounts.selectors import colleagues
from outbox.admin_base import LinesField

_LIVES = [("30", _("30 days")), ("90", _("90 days")), ("365", _("one year")), ("730", _("two years"))]


class ServiceAccountForm(forms.Form):
    """Its name, what it does, and who answers for it."""

    name = forms.CharField(
        label=pgettext_lazy("service account", "Name"),
        max_length=120,
        help_text=_("It stands in the history of what the program does."),
    )
    purpose = forms.CharField(label=_("What it does"), max_length=300)
    owner = forms.ModelChoiceField(
        label=_("Responsible person"),
        queryset=User.objects.none(),
        help_text=_("Is told before a token expires. When this person has left, the administrators are."),
    )

    def __init__(self, *args: Any, account: ServiceAccount | None = None, **kwargs: Any) -> None:
        if account is not None:
            kwargs["initial"] = {"name": account.user.name, "purpose": account.purpose, "owner": account.owner_id}
        super().__init__(*args, **kwargs)
        people = colleagues()
        if account is not None:  # who left stays the choice until somebody makes another
            people = people | User.objects.filter(pk=account.owner_id)
        cast(forms.ModelChoiceField, self.fields["owner"]).queryset = people.order_by("name", "pk")


class ServiceRoleForm(forms.Form):
    """A role in a team."""

    role = forms.ModelChoiceField(label=_("Role"), queryset=Role.objects.exclude(code="customer"))
    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.all(), required=False, empty_label=_("everywhere")
    )


class ServiceTokenForm(forms.Form):
    """A new token; scopes are those that the account's roles are good for."""

    token_name = forms.CharField(label=_("What is it for?"), max_length=80)
    scopes = forms.MultipleChoiceField(label=_("Scopes"), widget=forms.CheckboxSelectMultiple)
    days = forms.ChoiceField(label=_("Valid for"), choices=_LIVES, initial="365")
    networks = LinesField(
        label=_("Allowed networks"),
        required=False,
        item_length=50,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One on each line, for example 10.20.0.0/16. None: from everywhere."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = scopes_of(user=user)
        cast(forms.ChoiceField, self.fields["scopes"]).choices = [
            (code, label) for code, label in SCOPES.items() if code in held
        ]
