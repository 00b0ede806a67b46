"""The table of demo sign-ins for the sign-in page; nothing outside demo mode."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django import template
from django.conf import settings
from django.utils.text import capfirst

from accounts.permissions import ROLE_CHOICES

register = template.Library()


@register.inclusion_tag("components/demo_sign_ins.html")
def demo_sign_ins() -> dict[str, Any]:
    """One row per role, with a button that fills the form (static/js/demo-sign-in.js)."""
    if not settings.DEMO or find_spec("helpdesk.demo.accounts") is None:
        return {"accounts": []}
    roles = dict(ROLE_CHOICES)
    rows = import_module("helpdesk.demo.accounts").demo_accounts()
    return {"accounts": [{**row, "role": capfirst(roles[row["role"]])} for row in rows]}
