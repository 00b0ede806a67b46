"""The ways in: monitoring sources and their doors."""

from helpdesk.tests.access.table import BOSS, EVERYBODY, NOT_THERE, REDIRECT, Rows, case, public

#: Of the team whose alert it is; the consulted roles were not called in.
_NORTH = frozenset({"agent", "lead", "manager", "administrator"})

_WORKERS = frozenset({"agent", "elsewhere", "lead", "administrator"})

ROWS: Rows = {
    "calls:new": {
        "GET": [case({200: _WORKERS}), case({200: _WORKERS}, query="phone=13800002222")],
        "POST": [
            case({422: _WORKERS}),
            case({REDIRECT: _WORKERS}, data={"phone": "13800001111", "name": "Li", "subject": "It stands"}),
        ],
    },
    "calls:lookup": {"GET": [case({200: _WORKERS}, query="phone=138 0000")], "POST": NOT_THERE},
    # Nobody who signs in, and no token of a person, opens the doors of machines.
    "api-alerts": {"POST": [public({403: EVERYBODY}, code="m"), public({403: EVERYBODY}, code="nobody")]},
    "wecom-callback": {
        "GET": [public({403: EVERYBODY}, pk="wecom_app")],
        "POST": [public({403: EVERYBODY}, pk="wecom_app")],
    },
    "wecom:apps": {"GET": [case({200: BOSS})], "POST": NOT_THERE},
    "wecom:try": {"GET": NOT_THERE, "POST": [case({}, pk="wecom_app")]},
    "wecom:who": {"GET": NOT_THERE, "POST": [case({422: BOSS}, pk="wecom_held"), case({}, pk="wecom_failed")]},
    "wecom:away": {"GET": NOT_THERE, "POST": [case({REDIRECT: BOSS}, pk="wecom_held")]},
    "wecom:retry": {"GET": NOT_THERE, "POST": [case({REDIRECT: BOSS}, pk="wecom_failed"), case({}, pk="wecom_held")]},
    "chat:widgets": {"GET": [case({200: BOSS})], "POST": NOT_THERE},
    "chat:widget": {"GET": [case({200: BOSS}, pk="widget")], "POST": NOT_THERE},
    "chat:token": {"GET": NOT_THERE, "POST": [case({REDIRECT: BOSS}, pk="widget")]},
    "chat:ticket": {
        "GET": [case({200: _NORTH}, number="chat_ticket"), case({}, number="ticket")],
        "POST": NOT_THERE,
    },
    # No sign-in counts below /embed/: everybody gets the same, and nothing of a conversation without its secret.
    "embed:script": {"GET": [public()], "POST": NOT_THERE},
    "embed:demo": {"GET": [public()], "POST": NOT_THERE},
    "embed:panel": {
        "GET": [public(code="widget:token"), public(404, code="off:token"), public(404, code="nobody")],
        "POST": NOT_THERE,
    },
    "embed:search": {
        "GET": NOT_THERE,
        "POST": [public(code="widget:token"), public(404, code="off:token"), public(404, code="nobody")],
    },
    "embed:article": {
        "GET": NOT_THERE,
        "POST": [
            public(code="widget:token", data={"slug": "@public_article:slug"}),
            public(404, code="widget:token", data={"slug": "@internal_article:slug"}),
            public(404, code="widget:token", data={"slug": "@draft_article:slug"}),
            public(404, code="off:token", data={"slug": "@public_article:slug"}),
        ],
    },
    "embed:start": {"GET": NOT_THERE, "POST": [public(400, code="widget:token"), public(404, code="off:token")]},
    "embed:say": {"GET": NOT_THERE, "POST": [public(404, code="widget:token", data={"body": "x"})]},
    "embed:news": {"GET": NOT_THERE, "POST": [public(404, code="widget:token"), public(404, code="off:token")]},
    "embed:end": {"GET": NOT_THERE, "POST": [public(404, code="widget:token")]},
    "embed:leave": {"GET": NOT_THERE, "POST": [public(422, code="widget:token"), public(404, code="off:token")]},
    "embed:file": {"GET": NOT_THERE, "POST": [public(404, code="widget:token", pk="1")]},
    "alerts:sources": {"GET": [case({200: BOSS})], "POST": NOT_THERE},
    "alerts:source": {"GET": [case({200: BOSS}, pk="source")], "POST": NOT_THERE},
    "alerts:key": {"GET": NOT_THERE, "POST": [case({200: BOSS}, pk="source")]},
    "alerts:mapping": {
        "GET": [case({200: BOSS}, pk="source"), case({200: BOSS}, pk="drawn_source")],
        "POST": [case({200: BOSS}, pk="source")],
    },
    "alerts:preview": {"GET": NOT_THERE, "POST": [case({200: BOSS}, pk="source", data={"sample": "{}"})]},
    "alerts:post": {"GET": [case({200: BOSS}, pk="post")], "POST": NOT_THERE},
    "alerts:post-retry": {
        "GET": NOT_THERE,
        "POST": [case({REDIRECT: BOSS}, pk="failed_post"), case({REDIRECT: BOSS}, pk="post")],
    },
    "alerts:ticket": {
        "GET": [case({200: _NORTH}, number="alert_ticket"), case({}, number="ticket")],
        "POST": NOT_THERE,
    },
}
