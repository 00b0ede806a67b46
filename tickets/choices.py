"""The words of tickets."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Status(models.TextChoices):
    NEW = "new", pgettext_lazy("ticket status", "new")
    OPEN = "open", pgettext_lazy("ticket status", "open")
    PENDING = "pending", pgettext_lazy("ticket status", "waiting for customer")
    ON_HOLD = "on_hold", pgettext_lazy("ticket status", "on hold")
    RESOLVED = "resolved", pgettext_lazy("ticket status", "resolved")
    CLOSED = "closed", pgettext_lazy("ticket status", "closed")


UNRESOLVED = (Status.NEW, Status.OPEN, Status.PENDING, Status.ON_HOLD)


class Impact(models.TextChoices):
    """Scope of impact, gravest first."""

    BUSINESS = "business", _("our core business is down")
    MANY = "many", _("many people")
    FEW = "few", _("a few people")
    ONE = "one", _("only me")


class Urgency(models.TextChoices):
    """Urgency, gravest first."""

    BLOCKED = "blocked", _("work has stopped, there is no way round")
    IMPAIRED = "impaired", _("work goes on with difficulty")
    NORMAL = "normal", _("it is inconvenient")
    NONE = "none", _("just a question or a suggestion")


class Channel(models.TextChoices):
    WEB = "web", _("web form")
    PORTAL = "portal", _("portal")
    API = "api", _("API")
    MAIL = "mail", pgettext_lazy("channel", "e-mail")
    PHONE = "phone", _("phone")
    CHAT = "chat", _("chat")
    WECOM = "wecom", _("WeCom")
    ALERT = "alert", _("monitoring alert")
    INTERNAL = "internal", _("internal transfer")


class MessageKind(models.TextChoices):
    CUSTOMER = "customer", _("customer's message")
    PUBLIC = "public", _("public reply")
    NOTE = "note", _("internal note")
    AUTOMATIC = "automatic", _("automatic message")


class Mark(models.TextChoices):
    """What a public reply promises to be (design.md, «two progress words»)."""

    WORKAROUND = "workaround", _("workaround")
    SOLUTION_PATH = "solution_path", _("path to the solution")
    PROGRESS = "progress", _("progress")
