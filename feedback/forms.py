"""The questions of the follow-up, and the filter of the answers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from feedback.services.surveys import Answer

Choices = list[tuple[str, str]]
_SCORES = [(number, str(number)) for number in range(1, 6)]
_LONGEST = 4000


def _score(label: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        choices=_SCORES,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose a number from 1 to 5.")},
    )


class AnswerForm(forms.Form):
    """Truly solved, three scores, two open questions (mission.md 8.1). Nothing typed is lost by an error."""

    is_solved = forms.TypedChoiceField(
        label=_("Is the problem truly solved?"),
        choices=[("yes", _("Yes, it is solved")), ("no", _("No, it is not"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": _("Please say whether it is solved.")},
    )
    resolution_score = _score(_("How well did our solution fit?"))
    speed_score = _score(_("How quick were we?"))
    attitude_score = _score(_("How did we treat you?"))
    suggestion = forms.CharField(
        label=_("What should we do better?"),
        required=False,
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    hidden_need = forms.CharField(
        label=_("Do you need something else from us?"),
        help_text=_("For example training, help with the set-up, or a function that is missing."),
        required=False,
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    @property
    def answer(self) -> Answer:
        """What was said, for the services; the form is valid."""
        return Answer(**self.cleaned_data)


class CallForm(AnswerForm):
    """The same questions, asked by phone: the words of the agent who notes the answers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in {
            "is_solved": _("Does the customer say that the problem is truly solved?"),
            "resolution_score": _("Degree of resolution"),
            "speed_score": _("Speed of the answers"),
            "attitude_score": _("Attitude"),
            "suggestion": _("Suggestion"),
            "hidden_need": _("Hidden need"),
        }.items():
            self.fields[name].label = label


class ResultsFilter(forms.Form):
    """What narrows the list of answers. ``teams`` are those that the reader may choose from."""

    team = forms.ChoiceField(label=_("Team"), required=False)
    score = forms.ChoiceField(
        label=_("Score"),
        required=False,
        choices=[("", _("any score")), ("low", _("a score of 1 or 2")), ("high", _("only 4 and 5"))],
    )
    solved = forms.ChoiceField(
        label=_("Solved"),
        required=False,
        choices=[("", _("solved or not")), ("yes", _("solved")), ("no", _("not solved"))],
    )
    words = forms.ChoiceField(
        label=_("Words"),
        required=False,
        choices=[
            ("", _("with or without words")),
            ("suggestion", _("with a suggestion")),
            ("need", _("with a hidden need")),
        ],
    )

    def __init__(self, *args: Any, teams: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].choices = [("", _("any team")), *teams]  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["class"] = "select"
