"""The rows of this room, each way in with a module of its own."""

from intake.alerts.models import Alert, AlertGrade, AlertPost, AlertSource, AlertStorm
from intake.chat.models import ChatConversation, ChatLine, ChatWidget
from intake.importing.models import ImportedFile, ImportedRecord
from intake.mail.models import InboundMail, Mailbox, MailboxState, MailSource
from intake.wecom.models import WecomApp, WecomMessage, WecomPerson

__all__ = [
    "Alert",
    "AlertGrade",
    "AlertPost",
    "AlertSource",
    "AlertStorm",
    "ChatConversation",
    "ChatLine",
    "ChatWidget",
    "ImportedFile",
    "ImportedRecord",
    "InboundMail",
    "MailSource",
    "Mailbox",
    "MailboxState",
    "WecomApp",
    "WecomMessage",
    "WecomPerson",
]
