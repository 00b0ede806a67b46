"""The administrator's form for a robot: its secrets are typed in, never shown."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from outbox import web
from outbox.models import Robot
from outbox.robots.listening import offered
from outbox.sealed_fields import SecretField
from outbox.sealing import seal


class RobotForm(forms.ModelForm):
    address = SecretField(label=capfirst(gettext_lazy("address of the robot (webhook)")))
    secret = SecretField(label=capfirst(gettext_lazy("signing secret")))
    without_secret = forms.BooleanField(label=capfirst(gettext_lazy("take the signing secret away")), required=False)
    tells = forms.MultipleChoiceField(label=capfirst(gettext_lazy("tells of")), widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Robot
        fields = ["name", "kind", "team", "language", "per_minute", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tells: Any = self.fields["tells"]
        tells.choices = offered()
        tells.initial = self.instance.tells
        if not self.instance.sealed_secret:
            del self.fields["without_secret"]

    def clean_address(self) -> str:
        address = self.cleaned_data["address"].strip()
        if not address:
            if not self.instance.sealed_address:
                raise ValidationError(_("Paste the address that the chat group shows for its robot."))
            return ""
        self.instance.host = web.check_address(address).hostname or ""
        return address

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        signs = data.get("kind") in (Robot.Kind.DINGTALK, Robot.Kind.FEISHU)
        if data.get("secret") and not signs:
            self.add_error("secret", _("Only DingTalk and Feishu sign."))
        return data

    def save(self, commit: bool = True) -> Robot:
        robot, data = self.instance, self.cleaned_data
        if data["address"]:
            robot.sealed_address = seal(data["address"])
        if data["secret"] or data.get("without_secret") or robot.kind not in (Robot.Kind.DINGTALK, Robot.Kind.FEISHU):
            robot.sealed_secret = seal(data["secret"].strip())
        robot.tells = data["tells"]
        return super().save(commit)
