"""The administration of this room, each way in with a module of its own."""

from intake.alerts import admin as alerts_admin
from intake.chat import admin as chat_admin
from intake.importing import admin as importing_admin
from intake.mail import admin as mail_admin
from intake.wecom import admin as wecom_admin

__all__ = ["alerts_admin", "chat_admin", "importing_admin", "mail_admin", "wecom_admin"]
