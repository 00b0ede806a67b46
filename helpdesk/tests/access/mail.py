"""Mails that came in: what is held at a ticket is seen with it, the rest by who sorts mail."""

from helpdesk.tests.access.scene import COMMON
from helpdesk.tests.access.table import INSIDE, LEADS, NOT_THERE, REDIRECT, SIGNED_IN, WORKS, Rows, call, case

_FOREIGN = frozenset({"elsewhere", "manager", "administrator"})

ROWS: Rows = {
    "intake:mails": {
        "GET": [case({200: LEADS}), case({200: LEADS}, query=f"state=held&q={COMMON}&mailbox=1")],
        "POST": NOT_THERE,
    },
    "intake:mail": {
        "GET": [case({200: INSIDE}, pk="held_mail"), case({200: LEADS}, pk="parked_mail")],
        "POST": NOT_THERE,
    },
    "intake:mail-original": {
        "GET": [case({200: INSIDE}, pk="held_mail"), case({200: LEADS}, pk="parked_mail")],
        "POST": NOT_THERE,
    },
    "intake:mail-of-message": {"GET": [case({REDIRECT: INSIDE}, pk="came_message")], "POST": NOT_THERE},
    "intake:mail-held": {
        "GET": [case({200: INSIDE}, number="ticket"), case({200: _FOREIGN}, number="foreign")],
        "POST": NOT_THERE,
    },
    "intake:mail-retry": {"GET": NOT_THERE, "POST": [case({REDIRECT: LEADS}, pk="parked_mail")]},
    "intake:mail-discard": {
        "GET": NOT_THERE,
        "POST": [
            case({422: WORKS}, pk="held_mail"),
            case({REDIRECT: WORKS}, data={"words": "Spam."}, pk="held_mail"),
            case({REDIRECT: LEADS}, data={"words": "Spam."}, pk="parked_mail"),
        ],
    },
    "intake:mail-approve": {"GET": NOT_THERE, "POST": [case({REDIRECT: WORKS}, pk="held_mail")]},
    "intake:mail-reject": {"GET": NOT_THERE, "POST": [case({REDIRECT: WORKS}, pk="held_mail")]},
    "api-mail-list": {"GET": [call({200: SIGNED_IN}), call({200: SIGNED_IN}, query="state=held&reason=stranger")]},
    "api-mail-detail": {"GET": [call({200: INSIDE}, pk="held_mail"), call({200: LEADS}, pk="parked_mail")]},
    "api-mail-retry": {
        "POST": [
            call({200: LEADS}, pk="parked_mail"),
            call({400: LEADS}, forbidden=INSIDE - LEADS, pk="held_mail"),  # it is let in, or it is not
        ]
    },
    "api-mail-approve": {
        "POST": [
            call({200: WORKS}, forbidden=INSIDE - WORKS, pk="held_mail"),
            call({400: LEADS}, pk="parked_mail"),
        ]
    },
    "api-mail-reject": {"POST": [call({200: WORKS}, forbidden=INSIDE - WORKS, pk="held_mail")]},
    "api-mail-discard": {
        "POST": [
            call({400: WORKS}, forbidden=INSIDE - WORKS, pk="held_mail"),
            call({200: LEADS}, data={"words": "Spam."}, pk="parked_mail"),
        ]
    },
}
