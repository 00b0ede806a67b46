"""Keeping a state of the queue under a name, and changing what was kept."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from outbox import clock
from outbox.form_errors import add_errors
from tickets.desk import State
from tickets.models import SavedView
from tickets.selectors.saved_views import own_views, teams_to_share_with
from tickets.services.saved_views import NAME_LENGTH, change_view, save_view


class SavedViewForm(forms.Form):
    """Name and team; for a view that stands already (``saved``) also its place."""

    name = forms.CharField(
        label=_("View name"), max_length=NAME_LENGTH, widget=forms.TextInput(attrs={"class": "input"})
    )
    team = forms.ModelChoiceField(
        Team.objects.none(),
        label=_("Shared with"),
        required=False,
        empty_label=_("nobody"),
        help_text=_("Everybody in the team sees the view among theirs; only you change it."),
    )
    position = forms.TypedChoiceField(label=_("Place among your views"), coerce=int)

    def __init__(self, data: Any = None, *, user: User, saved: SavedView | None = None) -> None:
        super().__init__(data)
        self.user, self.saved = user, saved
        self.fields["team"].queryset = self._teams()  # type: ignore[attr-defined]
        if not self.fields["team"].queryset.exists():  # type: ignore[attr-defined]
            del self.fields["team"]  # there is nothing to choose
        own = list(own_views(user=user)) if saved else []
        if len(own) < 2:
            del self.fields["position"]
        if saved:
            self.initial = {"name": saved.name, "team": saved.team_id}
        if len(own) > 1:
            self.fields["position"].choices = [(at, str(at)) for at in range(1, len(own) + 1)]  # type: ignore[attr-defined]
            self.initial["position"] = own.index(saved) + 1  # type: ignore[arg-type]

    def _teams(self) -> Any:
        teams = teams_to_share_with(user=self.user)
        if self.saved and self.saved.team_id:  # it stays shared, also when the right to share was lost
            teams = teams | Team.objects.filter(pk=self.saved.team_id)
        return teams

    def keep(self, state: State, columns: list[str]) -> SavedView | None:
        """Save ``state`` as a new view; None when something is to be mended."""
        if not self.is_valid():
            return None
        said = {"name": self.cleaned_data["name"], "team": self.cleaned_data.get("team")}
        try:
            return save_view(actor=self.user, state=state, columns=columns, now=clock.now(), **said)
        except ValidationError as error:
            add_errors(self, error)
            return None

    def change(self) -> bool:
        """Rename, share or move the view; False when something is to be mended."""
        if not self.is_valid() or self.saved is None:
            return False
        said = {name: self.cleaned_data.get(name) for name in ("team", "position")}
        try:
            change_view(actor=self.user, view=self.saved, name=self.cleaned_data["name"], now=clock.now(), **said)
        except ValidationError as error:
            add_errors(self, error)
            return False
        return True
