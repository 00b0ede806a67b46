"""The administrator's keyword rules, compiled and kept per process for as long as the rows do not change.

Whether they changed is asked of the database each time: a fingerprint over whole rows, so that an edit in another
process, by SQL or in a restored backup counts from the next ticket on. It costs one query of about half a millisecond
at 200 rules with 5,000 keywords; reading and compiling them takes 25, which is why they are kept.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from tickets.keywords import Found, Matcher
from tickets.models import SeverityWordRule, TriageRule


@dataclass(frozen=True)
class Rulebook:
    """Active rules in their order, and the matcher whose group numbers are their places in the list."""

    rules: list
    matcher: Matcher

    def find(self, *texts: str) -> Found:
        """What is found in ``texts``, which are read apart so that no phrase spans two of them."""
        found = Found()
        for text in texts:
            found.update(self.matcher.find(text))
        return found

    def fired(self, *texts: str) -> list[tuple[Any, list[str]]]:
        """The rules that fire for ``texts`` with the words that were found, in the order of the rules."""
        found = self.find(*texts)
        return [(self.rules[place], found.words(place)) for place in found.groups()]


KeywordRule = SeverityWordRule | TriageRule
_kept: dict[str, tuple[tuple, Rulebook]] = {}


def _fingerprint(model: type[models.Model]) -> tuple:
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), sum(hashtextextended(r::text, 0)) FROM {table} r")  # nosec B608: a model's table
        return (connection.settings_dict["NAME"], *cursor.fetchone())


def _load(model: type[KeywordRule]) -> Rulebook:
    fingerprint = _fingerprint(model)
    kept = _kept.get(model._meta.label)
    if kept and kept[0] == fingerprint:
        return kept[1]
    rules = list(model._default_manager.filter(is_active=True).order_by("position", "id"))
    book = Rulebook(rules, Matcher([rule.keywords for rule in rules]))
    # A rule that changed between the two queries is kept under the older fingerprint and read again next time.
    _kept[model._meta.label] = (fingerprint, book)
    return book


def severity_rules() -> Rulebook:
    """The active `SeverityWordRule` rows, first rule first."""
    return _load(SeverityWordRule)


def triage_rules() -> Rulebook:
    """The active `TriageRule` rows."""
    return _load(TriageRule)
