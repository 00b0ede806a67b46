"""What programs call our modules, categories and versions.

Only subject, description and requester are required: a name that we do not know, or that fits several things, refuses
no ticket. It is left empty, and the ticket says so in its reasons, with the words that were sent.
"""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from catalog.models import Category, Module, Version
from tickets.triage import both_names

#: So much of a name that is not ours is kept.
_SHOWN = 60


@dataclass
class Named:
    """What was found, and the reasons for what was not."""

    category: Category | None = None
    module: Module | None = None
    version: Version | None = None
    remarks: list[dict] = field(default_factory=list)


def look_up(*, category: str = "", module: str = "", version: str = "") -> Named:
    """The rows that are meant: by code, else by name in either language.

    A module's name that two products have is that of the product that has the version; a version's name that two
    products have is that of the module's product.
    """
    found = Named()
    category, module, version = category.strip(), module.strip(), version.strip()
    if category:
        found.category = _only("category", category, _by_name(Category.objects.all(), category)[:1], found)
    named = list(Version.objects.filter(name__iexact=version).select_related("product")) if version else []
    if module:
        rows = _by_name(Module.objects.select_related("product"), module)
        if len(rows) > 1:
            products = {row.product_id for row in named}
            rows = [row for row in rows if row.product_id in products] or rows
        found.module = _only("module", module, rows, found)
    if version:
        if found.module:
            named = [row for row in named if row.product_id == found.module.product_id]
        found.version = _only("version", version, named, found)
    return found


def _by_name(rows: QuerySet, text: str) -> list:
    return list(rows.filter(code__iexact=text)) or list(rows.filter(Q(name__iexact=text) | Q(name_en__iexact=text)))


def _only(kind: str, text: str, rows: list, found: Named) -> Any:
    """The one row that is meant; else None and a remark."""
    if len(rows) == 1:
        return rows[0]
    said = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    if not rows:
        found.remarks.append({"code": f"routing.{kind}_unknown", "said": said})
    else:
        products = [both_names(row.product) for row in rows[:5]]
        found.remarks.append({"code": f"routing.{kind}_ambiguous", "said": said, "products": products})
    return None
