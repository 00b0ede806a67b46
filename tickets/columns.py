"""The columns that a queue can show. Their order is the house's; which of them, is each person's."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tickets.models import SavedView


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        orders: the orders that its head offers in turn, keys of `tickets.selectors.orders.ORDERS`.
        tight: as narrow as what stands in it.
        bare: its head is for screen readers only.
        joins: what a row needs from other tables for it.
    """

    label: str | Promise
    orders: tuple[str, ...] = ()
    tight: bool = False
    bare: bool = False
    joins: tuple[str, ...] = ()


COLUMNS: dict[str, Column] = {
    "severity": Column(_("Severity"), orders=("severity",), tight=True, bare=True),
    "number": Column(_("Number"), orders=("-number", "number"), tight=True),
    "subject": Column(_("Subject")),
    "customer": Column(_("Customer"), joins=("requester", "organization")),
    "organization": Column(_("Organization"), joins=("organization",)),
    "due": Column(_("Next deadline"), orders=("due",), tight=True),
    "status": Column(_("Status"), tight=True),
    "team": Column(_("Team"), joins=("team",)),
    "assignee": Column(_("Assignee"), joins=("assignee",)),
    "category": Column(_("Category"), joins=("category",)),
    "module": Column(_("Product module"), joins=("module",)),
    "tags": Column(_("Tags")),
    "created": Column(_("Created"), orders=("-created", "created"), tight=True),
    "updated": Column(_("Updated"), orders=("-updated", "updated"), tight=True),
}
#: Without its subject a row says nothing, and nothing could be opened.
ALWAYS = "subject"
AT_FIRST = ("severity", "number", "subject", "customer", "due", "status", "assignee", "updated")


def known_columns(names: Iterable[str]) -> list[str]:
    """Those of ``names`` that exist, in the order of the house and with the subject; none at all: those at first."""
    wanted = {*names} & COLUMNS.keys() or {*AT_FIRST}
    return [name for name in COLUMNS if name in wanted or name == ALWAYS]


def columns_for(user: User, saved: SavedView | None) -> list[str]:
    """What a saved view shows; without one, what the person chose."""
    return known_columns(saved.columns if saved else user.queue_columns)
