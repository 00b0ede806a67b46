"""How grave a ticket is (mission.md 2.1–2.4): the administrator's matrix, and the words where the customer was silent.

1. Data lost is S whatever else is said.
2. A dimension that the customer did not say is asked of the words: the first rule that fires and names it.
3. If only one of the two is known then, the other is assumed as mildly as is consistent with it. Somebody who names a
   scope of impact has a problem and not merely a question, so the urgency is «inconvenient»; somebody who names
   an urgency speaks for oneself, so the impact is «only me». What was assumed is not written to the ticket as if it had
   been said.
4. If neither is known the grade is B.
5. An active raise for the organization's service level lifts the result once.
"""

from dataclasses import dataclass, field

from sla.choices import Severity
from tickets.choices import Impact, Urgency
from tickets.models import SeverityCell, SeverityRaise
from tickets.rulebook import severity_rules

# Reasons show a few words; a hostile text may contain them all.
MOST_WORDS_SHOWN = 8


@dataclass(frozen=True)
class Grade:
    """A severity with what it rests on. ``reasons`` are stored in `Ticket.grading`; `tickets.wording` says them."""

    severity: str
    impact: str = ""
    urgency: str = ""
    data_loss: bool = False
    reasons: list[dict] = field(default_factory=list)


@dataclass
class _Heard:
    """What was said or, failing that, found in the words."""

    impact: str
    urgency: str
    data_loss: bool | None
    reasons: list[dict] = field(default_factory=list)


def grade(
    *,
    subject: str,
    description: str,
    impact: str = "",
    urgency: str = "",
    data_loss: bool | None = None,
    service_level: str = "",
) -> Grade:
    """Grade a ticket.

    Args:
        impact, urgency: what the customer said; empty for not said.
        data_loss: True or False if the customer said so, None if not (an unticked box says nothing).
        service_level: of the customer's organization.
    """
    heard = _Heard(impact or "", urgency or "", data_loss)
    if not (heard.impact and heard.urgency and heard.data_loss is not None):
        _ask_the_words(heard, subject=subject, description=description)
    if heard.data_loss:
        if data_loss:
            heard.reasons.append({"code": "grading.data_loss"})
        severity = Severity.S.value
    elif heard.impact or heard.urgency:
        severity = _by_matrix(heard)
    else:
        severity = Severity.B.value
        heard.reasons.append({"code": "grading.default"})
    severity = _raised(severity, service_level=service_level, reasons=heard.reasons)
    return Grade(severity, heard.impact, heard.urgency, bool(heard.data_loss), heard.reasons)


def _ask_the_words(heard: _Heard, *, subject: str, description: str) -> None:
    for rule, words in severity_rules().fired(subject, description):
        filled = {}
        if rule.data_loss and heard.data_loss is None:
            heard.data_loss = filled["data_loss"] = True
        if rule.impact and not heard.impact:
            heard.impact = filled["impact"] = rule.impact
        if rule.urgency and not heard.urgency:
            heard.urgency = filled["urgency"] = rule.urgency
        if filled:
            found = words[:MOST_WORDS_SHOWN]
            heard.reasons.append({"code": "grading.words", "rule": rule.name, "found": found, **filled})


def _by_matrix(heard: _Heard) -> str:
    impact = heard.impact or Impact.ONE.value
    urgency = heard.urgency or Urgency.NORMAL.value
    if not heard.impact:
        heard.reasons.append({"code": "grading.assumed", "impact": impact})
    if not heard.urgency:
        heard.reasons.append({"code": "grading.assumed", "urgency": urgency})
    cell = SeverityCell.objects.filter(impact=impact, urgency=urgency).first()
    # A cell that was deleted must not lose a ticket.
    severity = cell.severity if cell else Severity.B.value
    heard.reasons.append({"code": "grading.matrix", "impact": impact, "urgency": urgency, "severity": severity})
    return severity


def _raised(severity: str, *, service_level: str, reasons: list[dict]) -> str:
    if not service_level:
        return severity
    rule = SeverityRaise.objects.filter(service_level=service_level, from_severity=severity, is_active=True).first()
    if rule is None or Severity(rule.to_severity).rank >= Severity(severity).rank:
        return severity
    reasons.append({"code": "grading.raised", "service_level": service_level, "from": severity, "to": rule.to_severity})
    return rule.to_severity
