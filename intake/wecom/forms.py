"""The administrator's form for an application, and for who somebody is."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from intake.wecom.crypt import NotOurs, key_of
from intake.wecom.models import API_BASE, WecomApp
from outbox import web
from outbox.sealed_fields import SecretField
from outbox.sealing import seal

_TOKEN = re.compile(r"\A[A-Za-z0-9]{1,32}\Z")


class WecomAppForm(forms.ModelForm):
    token = SecretField(label="Token")
    aes_key = SecretField(label="EncodingAESKey")
    secret = SecretField(label="Secret")

    class Meta:
        model = WecomApp
        fields = ["name", "corp_id", "agent_id", "api_base", "team", "module", "newcomers", "language", "is_active"]
        widgets = {"agent_id": forms.TextInput(attrs={"inputmode": "numeric", "size": 20, "autocomplete": "off"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["api_base"].required = False  # empty: that of everybody

    def clean_corp_id(self) -> str:
        return self.cleaned_data["corp_id"].strip()

    def clean_token(self) -> str:
        token = self.cleaned_data["token"].strip()
        if not token and not self.instance.sealed_token:
            raise ValidationError(_("Copy it from WeCom's console, where the callback is set up."))
        if token and not _TOKEN.match(token):
            raise ValidationError(_("Up to 32 letters and digits."))
        return token

    def clean_aes_key(self) -> str:
        key = self.cleaned_data["aes_key"].strip()
        if not key and not self.instance.sealed_key:
            raise ValidationError(_("Copy it from WeCom's console, where the callback is set up."))
        if key:
            try:
                key_of(key)
            except NotOurs:
                raise ValidationError(_("It has 43 letters and digits.")) from None
        return key

    def clean_api_base(self) -> str:
        address = self.cleaned_data["api_base"].strip().rstrip("/") or API_BASE
        parts = web.check_address(address)
        if parts.path or parts.query or parts.fragment:
            raise ValidationError(_("Only the beginning, such as https://wecom.example.com."))
        return address

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        secret = data.get("secret", "").strip()
        if data.get("agent_id") is not None and not (secret or self.instance.sealed_secret):
            self.add_error("secret", _("An AgentId needs the application's secret."))
        if secret:  # here, so that the row is checked as it will be
            self.instance.sealed_secret = seal(secret)
        return data

    def save(self, commit: bool = True) -> WecomApp:
        if self.cleaned_data["token"]:
            self.instance.sealed_token = seal(self.cleaned_data["token"])
        if self.cleaned_data["aes_key"]:
            self.instance.sealed_key = seal(self.cleaned_data["aes_key"])
        return super().save(commit)


class WhoForm(forms.Form):
    """Who somebody of WeCom is here, by their e-mail."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail of the person"),
        max_length=254,
        widget=forms.EmailInput(attrs={"class": "input input-sm", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if email := data.get("email"):
            data["user"] = User.objects.filter(email__iexact=email, is_service=False).first()
            if data["user"] is None:
                self.add_error("email", _("Nobody here has this address."))
        return data
