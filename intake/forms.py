"""The form by which a customer reports a problem: plain questions, the essential ones first."""

import re
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from catalog.models import Category, Module, Version
from intake.limits import LEAST_SECONDS, seconds_open, stamp
from tickets import custom
from tickets.choices import Impact, Urgency
from tickets.forms_portal import FilesField
from tickets.services.intake import check_began_at

_KEY = re.compile(r"\A[A-Za-z0-9_-]{16,64}\Z")

_SINCE = [
    ("now", gettext_lazy("just now")),
    ("today", gettext_lazy("today")),
    ("yesterday", gettext_lazy("yesterday")),
    ("exact", gettext_lazy("I know the time")),
]
_IMPACT = {
    Impact.BUSINESS: (gettext_lazy("Our core business"), gettext_lazy("We cannot take orders, produce or deliver.")),
    Impact.MANY: (gettext_lazy("Many people"), gettext_lazy("A whole department or site.")),
    Impact.FEW: (gettext_lazy("A few people"), gettext_lazy("Two or three colleagues.")),
    Impact.ONE: (gettext_lazy("Only me"), gettext_lazy("Nobody else has noticed it.")),
}
_URGENCY = {
    Urgency.BLOCKED: (gettext_lazy("Work has stopped"), gettext_lazy("And there is no way round.")),
    Urgency.IMPAIRED: (gettext_lazy("Work goes on with difficulty"), gettext_lazy("There is a way round.")),
    Urgency.NORMAL: (gettext_lazy("It is inconvenient"), gettext_lazy("Everybody can work.")),
    Urgency.NONE: (gettext_lazy("Just a question"), gettext_lazy("Or a wish, or a suggestion.")),
}


def _cards(words: dict) -> list[tuple[str, SafeString]]:
    return [(str(value), format_html("{}<small>{}</small>", *pair)) for value, pair in words.items()]


class _ByProduct(forms.models.ModelChoiceIterator):
    """Choices under the name of their product."""

    def __iter__(self) -> Iterator[Any]:
        yield ("", self.field.empty_label)
        rows = sorted(self.queryset, key=lambda row: row.product_id)
        for _product, group in groupby(rows, key=lambda row: row.product_id):
            members = list(group)
            yield (members[0].product.label, [self.choice(row) for row in members])


class ByProductField(forms.ModelChoiceField):
    iterator = _ByProduct


class GradeForm(forms.Form):
    """What grade and promise are computed from; every answer may be left open. ``shown`` is what the page shows now."""

    subject = forms.CharField(required=False, max_length=200)
    description = forms.CharField(required=False, max_length=50_000)
    impact = forms.ChoiceField(required=False, choices=[("", ""), *Impact.choices])
    urgency = forms.ChoiceField(required=False, choices=[("", ""), *Urgency.choices])
    data_loss = forms.BooleanField(required=False)
    category = forms.ModelChoiceField(queryset=Category.objects.all(), to_field_name="code", required=False)
    module = forms.ModelChoiceField(queryset=Module.objects.all(), to_field_name="code", required=False)
    shown = forms.CharField(required=False, max_length=64)


class SubmissionForm(forms.Form):
    """A new problem. ``user`` is who is signed in, None for a stranger, who is asked for a name and an address."""

    subject = forms.CharField(
        label=gettext_lazy("In one sentence: what is wrong?"),
        max_length=200,
        error_messages={"required": gettext_lazy("Please say in one sentence what is wrong.")},
    )
    description = forms.CharField(
        label=gettext_lazy("What happens?"),
        help_text=gettext_lazy("What you did, what you saw, what you expected. Error messages word for word."),
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": gettext_lazy("Please tell us what happens.")},
    )
    impact = forms.ChoiceField(
        label=gettext_lazy("Who and what is affected?"), required=False, widget=forms.RadioSelect, choices=()
    )
    urgency = forms.ChoiceField(
        label=gettext_lazy("Can people work?"), required=False, widget=forms.RadioSelect, choices=()
    )
    data_loss = forms.BooleanField(
        label=gettext_lazy("Data was lost or destroyed"),
        help_text=gettext_lazy("Then we always treat it as most urgent."),
        required=False,
    )
    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": gettext_lazy("Please tell us your name.")},
    )
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": gettext_lazy("Please tell us where we can answer you.")},
    )
    files = FilesField(  # type: ignore[assignment]  # a form's own `files` are bound, not declared
        label=gettext_lazy("Screenshots and files"),
        help_text=gettext_lazy("A screenshot often says more than words. Please leave out passwords."),
    )
    since = forms.ChoiceField(
        label=gettext_lazy("Since when?"), required=False, widget=forms.RadioSelect, choices=_SINCE
    )
    began_at = forms.DateTimeField(
        label=gettext_lazy("Day and time"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"],
    )
    affected = forms.CharField(
        label=gettext_lazy("Which people, places or systems exactly?"), required=False, max_length=500
    )
    trigger = forms.CharField(
        label=gettext_lazy("Did something change just before?"),
        help_text=gettext_lazy("An update, a new setting, a move, many more users …"),
        required=False,
        max_length=500,
    )
    module = ByProductField(
        label=gettext_lazy("Which part of the product?"),
        queryset=Module.objects.select_related("product"),
        to_field_name="code",
        required=False,
        empty_label=gettext_lazy("I do not know"),
    )
    version = ByProductField(
        label=gettext_lazy("Which version?"),
        queryset=Version.objects.select_related("product"),
        required=False,
        empty_label=gettext_lazy("I do not know"),
    )
    category = forms.ModelChoiceField(
        label=gettext_lazy("What kind of problem?"),
        queryset=Category.objects.all(),
        to_field_name="code",
        required=False,
        empty_label=gettext_lazy("I do not know"),
    )
    website = forms.CharField(
        label=gettext_lazy("Leave this field empty"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1", "data-no-draft": True}),
    )
    opened = forms.CharField(required=False, widget=forms.HiddenInput)
    submission_key = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: User | None, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.now = now
        self.fields["impact"].choices = _cards(_IMPACT)  # type: ignore[attr-defined]
        self.fields["urgency"].choices = _cards(_URGENCY)  # type: ignore[attr-defined]
        self._ask_own_questions()
        if user is not None:
            for name in ("name", "email", "website", "opened"):
                del self.fields[name]

    def _ask_own_questions(self) -> None:
        """The administrator's fields for the category that was chosen; none of them has to be answered."""
        code = str(self["category"].value() or "")
        category = Category.objects.filter(code=code).first() if code else None
        self.fields |= custom.form_fields(custom.fields_of(category, asked=True))

    @property
    def custom_fields(self) -> list[forms.BoundField]:
        """Those fields, for the page."""
        return [self[name] for name in self.fields if name.startswith(custom.PREFIX)]

    @classmethod
    def empty(cls, *, user: User | None, now: datetime, initial: dict[str, Any]) -> "SubmissionForm":
        """A fresh form with its own key, so that sending it twice makes one ticket."""
        marks = {"opened": stamp(now), "submission_key": secrets.token_urlsafe(24)}
        return cls(user=user, now=now, initial={**initial, **marks})

    def clean_submission_key(self) -> str:
        """A key that somebody made up is replaced; the form then counts as new."""
        key = self.cleaned_data["submission_key"]
        return key if _KEY.match(key) else secrets.token_urlsafe(24)

    def clean_website(self) -> str:
        if self.cleaned_data["website"]:
            raise forms.ValidationError(_("This field is a trap for programs. Please empty it and send again."))
        return ""

    def clean_opened(self) -> str:
        opened = seconds_open(self.cleaned_data["opened"], now=self.now)
        if opened is None or opened < LEAST_SECONDS:
            # A person presses the button once more; the stamp of this answer is then old enough.
            if opened is None:
                data: Any = self.data.copy()  # type: ignore[attr-defined]  # of a request: a QueryDict
                data["opened"] = stamp(self.now)
                self.data = data
            raise forms.ValidationError(
                _("That was quicker than people are. Nothing was lost: please press “Send” once more."), code="quick"
            )
        return self.cleaned_data["opened"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["began_at"] = self._began(data)
        module, version = data.get("module"), data.get("version")
        if module and version and module.product_id != version.product_id:
            self.add_error("version", _("This version belongs to another product."))
        return data

    def _began(self, data: dict[str, Any]) -> datetime | None:
        exact, since = data.get("began_at"), data.get("since")
        try:
            check_began_at(exact, now=self.now)
        except forms.ValidationError as refused:
            self.add_error("began_at", refused)
            return None
        if since == "now":
            return self.now
        if since in ("today", "yesterday"):
            midnight = timezone.localtime(self.now).replace(hour=0, minute=0, second=0, microsecond=0)
            return midnight - timedelta(days=1) if since == "yesterday" else midnight
        return exact

    @property
    def more_is_open(self) -> bool:
        """Whether something in the second part of the form was filled in or went wrong."""
        names = ["since", "began_at", "affected", "trigger", "module", "version", "category"]
        names += [field.name for field in self.custom_fields]
        return any(self[name].value() or self[name].errors for name in names)

    @property
    def robot_problem(self) -> str:
        """What is to be said of the fields that people do not see."""
        for name in ("website", "opened"):
            if name in self.errors:
                return str(self.errors[name][0])
        return ""
