"""One canned answer."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from outbox.form_errors import add_errors
from tickets.canned import check_text
from tickets.forms.base import separated
from tickets.models import CannedAnswer
from tickets.models.writing import MACRO_MOVES
from tickets.services.canned import save_canned


class CannedForm(forms.ModelForm):
    """Whom it is for is asked once, of the administrator; everybody else writes their own."""

    audience = forms.ChoiceField(label=_("For whom"))
    tags = forms.CharField(
        label=_("Adds the tags"),
        max_length=400,
        required=False,
        help_text=_("Separated by commas. What does something besides is a macro and stands in the ticket's menu."),
    )

    class Meta:
        model = CannedAnswer
        fields = ["name", "name_en", "shortcut", "text_zh", "text_en", "status", "takes"]
        widgets = {name: forms.Textarea(attrs={"rows": 6}) for name in ("text_zh", "text_en")}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["status"].choices = [("", _("leave it as it is")), *MACRO_MOVES]  # type: ignore[attr-defined]
        if not self.is_bound:
            self.initial["tags"] = ", ".join(self.instance.tags)
        self.teams = {str(team.pk): team for team in Team.objects.all()} if user.may("admin.configure") else {}
        if self.instance.pk is None and user.may("admin.configure"):
            teams = [(key, str(team)) for key, team in self.teams.items()]
            choices = [("", _("only me")), ("all", _("everybody")), (_("Team"), teams)]
            self.fields["audience"] = forms.ChoiceField(label=_("For whom"), choices=choices, required=False)
        else:
            del self.fields["audience"]

    def clean_text_zh(self) -> str:
        return self._checked("text_zh")

    def clean_text_en(self) -> str:
        return self._checked("text_en")

    def clean_tags(self) -> list[str]:
        return separated(self.cleaned_data["tags"])

    def _checked(self, name: str) -> str:
        text = self.cleaned_data[name]
        check_text(text)
        return text

    def validate_constraints(self) -> None:
        """The service asks, which knows whose it is."""

    def write(self) -> bool:
        """Validate and save; what the service refuses stands above the form."""
        if not self.is_valid():
            return False
        data = dict(self.cleaned_data)
        audience = data.pop("audience", "")
        existing = CannedAnswer.objects.get(pk=self.instance.pk) if self.instance.pk else None
        try:
            save_canned(actor=self.user, answer=existing, shared=bool(audience), team=self.teams.get(audience), **data)
        except ValidationError as error:
            add_errors(self, error)
            return False
        return True
