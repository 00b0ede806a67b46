"""The checklist: adding, ticking, moving, giving to somebody, templates."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tickets.forms.base import ActionForm
from tickets.models import ChecklistItem, ChecklistTemplate, Ticket
from tickets.selectors.checklist import owners_for, templates_for
from tickets.services import checklist


class _ChecklistForm(ActionForm):
    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        return ticket.is_unresolved


class AddItemForm(_ChecklistForm):
    """One item; several when lines are pasted."""

    action = "checklist_add"
    link = _("Add an item")
    title = _("Add to the checklist")
    button = _("Add")
    icon = "plus"
    done = _("Added.")

    text = forms.CharField(label=_("What is to be done"), max_length=5000)
    owner = forms.ModelChoiceField(User.objects.none(), label=_("Whose"), required=False, empty_label=_("nobody's"))

    def prepare(self) -> None:
        self.fields["owner"].queryset = owners_for(ticket=self.ticket)  # type: ignore[attr-defined]

    def perform(self) -> Any:
        texts, owner = self.cleaned_data["text"].splitlines(), self.cleaned_data["owner"]
        return checklist.add_items(ticket=self.ticket, actor=self.user, texts=texts, owner=owner)


class _ItemForm(_ChecklistForm):
    item = forms.ModelChoiceField(ChecklistItem.objects.none(), label=_("Item"), empty_label=None)

    def prepare(self) -> None:
        self.fields["item"].queryset = self.ticket.checklist.select_related("ticket")  # type: ignore[attr-defined]
        self.fields["item"].label_from_instance = _words_of  # type: ignore[attr-defined]


class ChangeItemForm(_ItemForm):
    """The buttons beside an item."""

    action = "checklist_item"
    title = _("Change the checklist")
    done = ""

    do = forms.ChoiceField(
        label=_("What"),
        choices=[
            ("done", _("done")),
            ("undone", _("not done")),
            ("up", _("up")),
            ("down", _("down")),
            ("remove", _("take off the list")),
        ],
    )

    def perform(self) -> Any:
        given = {"item": self.cleaned_data["item"], "actor": self.user}
        match self.cleaned_data["do"]:
            case "done" | "undone" as word:
                checklist.set_done(**given, done=word == "done")
            case "up" | "down" as word:
                checklist.move_item(**given, up=word == "up")
            case _:
                checklist.remove_item(**given)


class OwnerForm(_ItemForm):
    """Whose an item is."""

    action = "checklist_owner"
    link = _("Give to somebody…")
    title = _("Whose is this item?")
    done = _("Noted; the owner is told.")

    owner = forms.ModelChoiceField(User.objects.none(), label=_("Whose"), required=False, empty_label=_("nobody's"))

    def prepare(self) -> None:
        super().prepare()
        self.fields["owner"].queryset = owners_for(ticket=self.ticket)  # type: ignore[attr-defined]

    def perform(self) -> Any:
        data = self.cleaned_data
        return checklist.set_owner(item=data["item"], actor=self.user, owner=data["owner"])


class TemplateForm(_ChecklistForm):
    """A list of the administrator in one click."""

    action = "checklist_template"
    title = _("Put a list on the ticket")
    button = _("Add")
    icon = "plus"
    done = _("Added.")

    template = forms.ModelChoiceField(ChecklistTemplate.objects.none(), label=_("List"), empty_label=None)

    def prepare(self) -> None:
        self.fields["template"].queryset = templates_for(ticket=self.ticket)  # type: ignore[attr-defined]

    def perform(self) -> Any:
        return checklist.apply_template(ticket=self.ticket, actor=self.user, template=self.cleaned_data["template"])


def _words_of(item: ChecklistItem) -> str:
    return item.text
