"""Triage rules from a file, for moving a rule set from one installation to another.

A file is a JSON list of ``{"name", "keywords", "weight", "category", "module", "team"}`` in order;
the last three are codes or null.
"""

from collections.abc import Iterable

from django.db import models, transaction

from accounts.models import Team
from catalog.models import Category, Module
from tickets.models import TriageRule

STEP = 10


class UnknownCode(Exception):
    """The file names a category, module or team that does not exist here."""


@transaction.atomic
def load_triage_rules(*, rules: Iterable[dict], replace: bool = False, create: bool = False) -> int:
    """Write ``rules``; a rule whose name exists is overwritten. Returns how many were written.

    Args:
        replace: delete all other triage rules.
        create: add the categories and teams that are missing, named by their codes.

    Raises:
        UnknownCode: a code is unknown (and may not be created).
        ValidationError: a rule is malformed. In both cases nothing is written.
    """
    rules = list(rules)
    names = [rule["name"] for rule in rules]
    if replace:
        TriageRule.objects.exclude(name__in=names).delete()
    finder = _Finder(create=create)
    for place, rule in enumerate(rules, start=1):
        team = finder.find(Team, rule.get("team"))
        category = finder.find(Category, rule.get("category"))
        row = TriageRule.objects.filter(name=rule["name"]).first() or TriageRule(name=rule["name"])
        row.keywords, row.weight, row.position = rule["keywords"], rule.get("weight", 1), place * STEP
        row.category, row.team, row.module = category, team, finder.find(Module, rule.get("module"))
        row.is_active = True
        row.full_clean()
        row.save()
    return len(rules)


class _Finder:
    """Rows by code, each looked up once."""

    def __init__(self, *, create: bool):
        self.create = create
        self.known: dict[tuple, models.Model] = {}

    def find(self, model: type[models.Model], code: str | None):
        if not code:
            return None
        if (model, code) not in self.known:
            self.known[model, code] = self._get(model, code)
        return self.known[model, code]

    def _get(self, model: type[models.Model], code: str) -> models.Model:
        row = model._default_manager.filter(code=code).first()
        if row is None and self.create and model is not Module:
            row = model(code=code, name=code)
            row.full_clean()
            row.save()
        if row is None:
            raise UnknownCode(f"{model._meta.verbose_name}: {code}")
        return row
