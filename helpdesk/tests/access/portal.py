"""The customer's side: the form, my tickets, private links, files."""

from helpdesk.tests.access.table import INSIDE, NOT_THERE, REDIRECT, SEES, SIDE, SIGNED_IN, Rows, case, public

_FOREIGN = frozenset({"stranger", "elsewhere", "manager", "administrator"})

ROWS: Rows = {
    "home": {"GET": [public(200)], "POST": NOT_THERE},
    "intake:submit": {"GET": [public(200)], "POST": [public(422)]},
    "intake:grade": {"GET": NOT_THERE, "POST": [public(200), public(200, data={"impact": "many"})]},
    "intake:questions": {"GET": [public(200), public(200, query="category=nonsense")], "POST": NOT_THERE},
    "intake:thanks": {"GET": [public(REDIRECT)], "POST": NOT_THERE},  # nothing was sent in this session
    "attachment": {
        "GET": [
            case({200: SEES}, pk="public_file"),
            case({200: INSIDE}, pk="note_file"),
            case({200: _FOREIGN}, pk="foreign_file"),
        ],
        "POST": NOT_THERE,
    },
    "portal:tickets": {
        "GET": [
            case({200: SIGNED_IN}),
            case({200: SIGNED_IN}, query="state=solved&whose=all"),
            case({200: SIGNED_IN}, query="whose=all"),
        ],
        "POST": NOT_THERE,
    },
    "portal:ticket": {
        "GET": [
            case({200: SEES}, number="ticket"),
            case({200: SEES}, number="solved"),
            case({200: _FOREIGN}, number="foreign"),
            case({}, number="T999999999"),
        ],
        "POST": NOT_THERE,
    },
    "portal:act": {
        "GET": NOT_THERE,
        "POST": [
            case({422: SIDE}, number="ticket", action="message"),
            case({REDIRECT: SIDE}, data={"body": "More words."}, number="ticket", action="message"),
            case({422: SIDE}, number="ticket", action="confirm"),
            case({REDIRECT: SIDE}, number="solved", action="confirm"),
            case({422: SIDE}, number="ticket", action="refute"),
            case({REDIRECT: SIDE}, number="solved", action="refute"),
            case({422: SIDE}, number="ticket", action="contest"),
            case({REDIRECT: SIDE}, number="ticket", action="urge"),
            case({422: SIDE}, number="solved", action="urge"),
            case({REDIRECT: frozenset({"stranger"})}, number="foreign", action="urge"),
            case({}, number="ticket", action="resolve"),
            case({}, number="ticket", action="follow"),  # it was not merged
            case({422: frozenset({"stranger"})}, number="foreign", action="message"),
        ],
    },
    "portal:status": {
        "GET": [public(200, token="link"), public(404, token="nonsense")],
        "POST": NOT_THERE,
    },
    "portal:status_file": {
        "GET": [
            public(200, token="link", pk="public_file"),
            public(404, token="link", pk="note_file"),
            public(404, token="link", pk="foreign_file"),
            public(404, token="nonsense", pk="public_file"),
        ],
        "POST": NOT_THERE,
    },
    "portal:status_act": {
        "GET": NOT_THERE,
        "POST": [
            public(422, token="link", action="message"),
            public(422, token="link", action="confirm"),
            public(422, token="link", action="refute"),
            public(422, token="link", action="contest"),
            public(REDIRECT, token="link", action="urge"),
            public(404, token="link", action="resolve"),
            public(404, token="link", action="follow"),
            public(404, token="nonsense", action="message"),
        ],
    },
    "portal:incidents": {"GET": [public(200)], "POST": NOT_THERE},
    "portal:incident": {"GET": [public(200, pk="incident"), public(404, pk="999")], "POST": NOT_THERE},
    "portal:incident_follow": {"GET": NOT_THERE, "POST": [case({REDIRECT: SIGNED_IN}, pk="incident")]},
    "portal:answer": {
        "GET": [
            public(200, token="answer"),
            public(200, token="answer", query="answer=no"),
            public(404, token="nonsense"),
        ],
        "POST": [
            public(422, token="answer"),
            public(200, data={"answer": "solved"}, token="answer"),
            public(404, data={"answer": "solved"}, token="nonsense"),
        ],
    },
}
