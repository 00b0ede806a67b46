"""What a customer may send about a ticket: a message, «solved / not solved», another grade, «please hurry»."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from sla.choices import Severity
from tickets.uploads import ALLOWED, check_upload


class FilesInput(forms.ClearableFileInput):
    """A file control for several files; browsers offer first what we take."""

    allow_multiple_selected = True

    def __init__(self) -> None:
        super().__init__(attrs={"accept": ",".join(f".{extension}" for extension in ALLOWED)})


class FilesField(forms.FileField):
    """Several files, each checked like `tickets.services.attachments` will check it, named where it is refused."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=FilesInput(), required=False, **options)

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        uploads = [item for item in (data if isinstance(data, list | tuple) else [data]) if item]
        if len(uploads) > settings.ATTACHMENTS_PER_MESSAGE:
            limit = {"limit": settings.ATTACHMENTS_PER_MESSAGE}
            raise forms.ValidationError(_("At most %(limit)d files at once."), params=limit)
        problems = []
        for upload in uploads:
            try:
                check_upload(upload)
            except forms.ValidationError as refused:
                problems += refused.error_dict["files"]
        if problems:
            raise forms.ValidationError(problems)
        return uploads


class MessageForm(forms.Form):
    body = forms.CharField(
        label=_("Your message"),
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 5, "data-send": True}),
        error_messages={"required": _("Please write something.")},
    )
    files = FilesField(label=_("Files"))  # type: ignore[assignment]  # a form's own `files` are bound, not declared


class ConfirmForm(forms.Form):
    """«Solved»: nothing to fill in."""


class UrgeForm(forms.Form):
    """«Please hurry»: nothing to fill in either."""


class RefuteForm(forms.Form):
    comment = forms.CharField(
        label=_("What still happens?"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ContestForm(forms.Form):
    wanted = forms.ChoiceField(label=_("Which grade would be right?"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Why?"),
        help_text=_("For example who cannot work, or by when it has to be solved."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Please tell us why another grade would be right.")},
    )

    def __init__(self, *args: Any, present: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["wanted"].choices = [  # type: ignore[attr-defined]
            (value, label) for value, label in Severity.choices if value != present
        ]
