"""Tickets and all that belongs to them."""

from tickets.models.bulk import BulkEdit
from tickets.models.cause_report import CauseReport
from tickets.models.checklist import ChecklistItem, ChecklistTemplate
from tickets.models.conversation import AccessLink, Attachment, Message, MessageSource, TicketEvent
from tickets.models.desk import SavedView, TicketSeen
from tickets.models.escalation import Escalation
from tickets.models.handover import Handover
from tickets.models.incident import Incident, IncidentFollower, IncidentNews
from tickets.models.play import PutAside, TicketLease
from tickets.models.policy_run import PolicyRun
from tickets.models.relations import Announcement, AnnouncementPart, TicketLink, TicketMerge
from tickets.models.resolution import Resolution, SeverityContest
from tickets.models.rules import SeverityCell, SeverityRaise, SeverityWordRule, TriageRule
from tickets.models.shift_note import ShiftNote, ShiftNoteReading
from tickets.models.ticket import ArticleLink, Participant, Ticket
from tickets.models.time import TimeEntry
from tickets.models.writing import CannedAnswer, Draft

__all__ = [
    "AccessLink",
    "Announcement",
    "AnnouncementPart",
    "ArticleLink",
    "Attachment",
    "BulkEdit",
    "CannedAnswer",
    "CauseReport",
    "ChecklistItem",
    "ChecklistTemplate",
    "Draft",
    "Escalation",
    "Handover",
    "Incident",
    "IncidentFollower",
    "IncidentNews",
    "Message",
    "MessageSource",
    "Participant",
    "PolicyRun",
    "PutAside",
    "Resolution",
    "SavedView",
    "SeverityCell",
    "SeverityContest",
    "SeverityRaise",
    "SeverityWordRule",
    "ShiftNote",
    "ShiftNoteReading",
    "Ticket",
    "TicketEvent",
    "TicketLease",
    "TicketLink",
    "TicketMerge",
    "TicketSeen",
    "TimeEntry",
    "TriageRule",
]
