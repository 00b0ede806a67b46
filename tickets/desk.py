"""What the queue is asked to show: the whole state stands in the address, and a saved view keeps one under a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from django.http import QueryDict
from django.urls import reverse

from tickets.filters import CONDITIONS
from tickets.models import SavedView
from tickets.selectors.orders import ORDERS
from tickets.selectors.queue import VIEWS


class UnknownState(ValueError):
    """The address names a view or an order that does not exist; ``state`` is what remains of it."""

    def __init__(self, state: State) -> None:
        super().__init__("unknown view or order")
        self.state = state


@dataclass(frozen=True)
class State:
    """A built-in view, what narrows it, its order, and the saved view that it comes from (its id, 0: none)."""

    view: str
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    saved: int = 0

    @classmethod
    def read(cls, given: QueryDict, *, view: str = "due") -> State:
        """The state of an address; ``view`` when it names none.

        Raises:
            UnknownState: for a view or an order that does not exist.
        """
        name, sort, saved = given.get("view", view), given.get("sort", ""), given.get("saved", "")
        known = VIEWS[name if name in VIEWS else view]
        state = cls(
            view=name if name in VIEWS else view,
            filters={word: value for word in CONDITIONS if (value := given.get(word))},
            sort=sort if sort in ORDERS else known.sort,
            saved=int(saved) if saved.isascii() and saved.isdigit() and len(saved) < 19 else 0,
        )
        if name not in VIEWS or (sort and sort not in ORDERS):
            raise UnknownState(state)
        return state

    @classmethod
    def of(cls, saved: SavedView) -> State:
        """What a saved view keeps. A view or an order that a later version no longer has becomes the usual one."""
        view = saved.view if saved.view in VIEWS else "due"
        sort = saved.sort if saved.sort in ORDERS else VIEWS[view].sort
        filters = {name: value for name, value in saved.filters.items() if name in CONDITIONS}
        return cls(view, filters, sort, saved.pk)

    @property
    def query(self) -> str:
        """The state as the query of an address."""
        words = QueryDict(mutable=True)
        words.update({"view": self.view, **self.filters, "sort": self.sort})
        if self.saved:
            words["saved"] = str(self.saved)
        return words.urlencode()

    @property
    def address(self) -> str:
        return f"{reverse('workspace:queue')}?{self.query}"

    def without(self, *names: str) -> State:
        """The same with fewer filters; with none of them when no name is given."""
        left = {name: value for name, value in self.filters.items() if names and name not in names}
        return replace(self, filters=left)

    def ordered(self, sort: str) -> State:
        return replace(self, sort=sort)
