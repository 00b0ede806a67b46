"""The administrator's policies, kept per process for as long as the rows do not change.

Every answer on a ticket asks several times which promise holds. Whether the rows changed is asked of the database each
time, by a fingerprint over whole rows, so that an edit in another process, by SQL or in a restored backup counts from
the next ticket on; reading and building the rows is what is saved.
"""

import hashlib
from dataclasses import dataclass

from django.db import connection

from sla.facts import Facts
from sla.models import CalendarVersion, Policy

_FINGERPRINT = """
    SELECT (SELECT sum(hashtextextended(p::text, 0)) FROM sla_policy p),
           (SELECT sum(hashtextextended(t::text, 0)) FROM sla_target t),
           (SELECT sum(hashint8extended(v.id, v.number)) FROM sla_calendarversion v)
"""


@dataclass(frozen=True)
class PolicyBook:
    """Active policies in their order with their targets, and the newest version of each calendar by its id."""

    policies: list[Policy]
    newest: dict[int, int]

    def match(self, facts: Facts) -> Policy | None:
        """The first policy whose every condition holds; empty conditions hold always."""
        return next((policy for policy in self.policies if _holds(policy, facts)), None)


_kept: tuple[tuple, PolicyBook] | None = None


def policy_book() -> PolicyBook:
    """What the rows say now."""
    global _kept
    fingerprint = _fingerprint()
    if _kept and _kept[0] == fingerprint:
        return _kept[1]
    active = Policy.objects.filter(is_active=True).prefetch_related("targets").order_by("position", "pk")
    versions = CalendarVersion.objects.order_by("number").values_list("calendar_id", "pk")
    book = PolicyBook(list(active), dict(versions))
    # A row that changed between the queries is kept under the older fingerprint and read again next time.
    _kept = (fingerprint, book)
    return book


def policy_digest() -> str:
    """A word for the present policies, targets and calendar versions; another one as soon as any of them changed."""
    return hashlib.sha256(repr(_fingerprint()[1:]).encode()).hexdigest()[:16]


def _fingerprint() -> tuple:
    with connection.cursor() as cursor:
        cursor.execute(_FINGERPRINT)
        return (connection.settings_dict["NAME"], *cursor.fetchone())


def _holds(policy: Policy, facts: Facts) -> bool:
    return (
        policy.severity in ("", facts.severity)
        and policy.service_level in ("", facts.service_level)
        and policy.organization_id in (None, facts.organization_id)
        and policy.team_id in (None, facts.team_id)
        and policy.category_id in (None, facts.category_id)
    )
