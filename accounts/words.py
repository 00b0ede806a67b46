"""What the administrator's words may name in mails about one's account (`outbox.wording`)."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from outbox.registry import Notice
from outbox.wording import catalogue
from outbox.wording.catalogue import Entry, Variable

_NAME = {"name": Variable("person.name", _("name of the reader"), _("Ji Haoran"))}
_LINK = {"link": Variable("link", _("the link"), shape="link", needed=True)}

#: Kind → what its words may name. Secret links are minted when the mail is made; a preview shows none.
VARIABLES: dict[str, Mapping[str, Variable]] = {
    "account.password_reset": {**_NAME, "hours": Variable("hours", _("how many hours the link is good"), "3"), **_LINK},
    "account.security": {
        **_NAME,
        "event": Variable("event", _("what changed"), _("Your password was changed."), needed=True),
        "at": Variable("at", _("when it changed"), "14:30", shape="instant"),
        **_LINK,
    },
    "account.invitation": {
        **_NAME,
        "host": Variable("host.name", _("who invites"), _("Lu Jingming")),
        "days": Variable("days", _("how many days the link is good"), "3"),
        **_LINK,
    },
    "account.deputy": {
        **_NAME,
        "absent": Variable("absent.name", _("who will be away"), _("Lu Jingming")),
        "from": Variable("starts_at", _("from when"), "14:30", shape="instant"),
        "until": Variable("ends_at", _("until when"), "14:30", shape="instant"),
        "called_off": Variable("off", _("filled in when the absence was called off")),
    },
    "account.token_ends": {
        **_NAME,
        "token": Variable("token.name", _("name of the token"), _("Nightly export"), needed=True),
        "service": Variable("service.name", _("name of the service account, if it is one's")),
        "ends": Variable("token.expires_at", _("when it ends"), "14:30", shape="instant", needed=True),
        "link": Variable("url", _("link to the tokens"), shape="link"),
    },
    "webhook.switched_off": {
        "webhook": Variable("endpoint.name", _("name of the webhook"), "CRM"),
        "since": Variable("since", _("since when nothing was accepted"), "14:30", shape="instant"),
        "link": Variable("url", _("link to the webhook"), shape="link", needed=True),
    },
}


def register_words(notice: Notice) -> None:
    """Let the administrator change the words of ``notice``."""
    group = notice.audience or "account"
    catalogue.register(Entry(notice.kind, notice.label, group, VARIABLES[notice.kind]))
