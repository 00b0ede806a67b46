"""What the panel sends, and the administrator's form for a widget."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from intake.chat.models import ChatWidget
from intake.chat.origins import MOST_ORIGINS, clean_origin
from outbox.admin_base import LinesField
from tickets.forms_portal import FilesField

MOST_WORDS = 4000


class _WordsForm(forms.Form):
    """One sending of a visitor: its words, and a mark by which the same sending is known again."""

    body = forms.CharField(
        label=gettext_lazy("Your message"),
        max_length=MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Please write something.")},
    )
    key = forms.UUIDField(widget=forms.HiddenInput)


class BeginForm(_WordsForm):
    """The first words, with a name and, if answers may go there, an address."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": gettext_lazy("Please tell us your name.")},
    )
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail"),
        help_text=gettext_lazy("If you have to leave before we answer. You may leave it empty."),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    website = forms.CharField(
        label=gettext_lazy("Leave this field empty"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )
    field_order = ["name", "email", "body", "key", "website"]

    def clean_email(self) -> str:
        return self.cleaned_data["email"].strip().lower()

    def clean_website(self) -> str:
        if self.cleaned_data["website"]:
            raise ValidationError(_("This field is a trap for programs. Please empty it and send again."))
        return ""


class SayForm(_WordsForm):
    """Further words, or files, or both."""

    files = FilesField(label=gettext_lazy("Screenshots and files"))  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"].required = False

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        names = [upload.name or "" for upload in data.get("files") or []]
        data["body"] = (data.get("body") or "").strip() or ", ".join(names)[:MOST_WORDS]
        if not data["body"] and not self.errors:
            self.add_error("body", _("Please write something."))
        return data


class NewsForm(forms.Form):
    """What the panel knows already, and what its visitor does."""

    after = forms.IntegerField(min_value=0, max_value=2**62, required=False)
    read = forms.IntegerField(min_value=0, max_value=2**62, required=False)
    mark = forms.CharField(max_length=64, required=False)
    writes = forms.BooleanField(required=False)
    gone = forms.BooleanField(required=False)


class ChatWidgetForm(forms.ModelForm):
    origins = LinesField(
        label=gettext_lazy("Allowed sites"),
        help_text=gettext_lazy(
            "One on each line, such as https://www.example.com. Browsers show the chat nowhere else; without any, only "
            "in the preview."
        ),
        required=False,
        item_length=200,
    )

    class Meta:
        model = ChatWidget
        fields = [
            "name",
            "origins",
            "language",
            "team",
            "module",
            "calendar",
            "greeting",
            "greeting_en",
            "is_active",
        ]

    def clean_origins(self) -> list[str]:
        found = list(dict.fromkeys(clean_origin(line) for line in self.cleaned_data["origins"]))
        if len(found) > MOST_ORIGINS:
            raise ValidationError(_("At most %(most)d sites.") % {"most": MOST_ORIGINS})
        return found
