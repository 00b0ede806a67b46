"""Health, the set-up, the API's own pages, the outbox."""

from helpdesk.tests.access.table import BOSS, NOT_THERE, REDIRECT, SIGNED_IN, Rows, case, public

ROWS: Rows = {
    "healthz": {"GET": [public(200)], "POST": NOT_THERE},
    "readyz": {"GET": [public(200)], "POST": NOT_THERE},
    # Without METRICS_TOKEN in the settings there is no such page, for nobody.
    "metrics": {"GET": [public(404)], "POST": NOT_THERE},
    "setup": {"GET": [case({200: BOSS})], "POST": NOT_THERE},
    "setup-invite": {"GET": [case({200: BOSS})], "POST": [case({422: BOSS})]},
    # An order without the policies that were previewed is refused.
    "setup-policies": {"GET": [case({200: BOSS})], "POST": [case({422: BOSS})]},
    "sla:import-holidays": {
        "GET": [
            case({200: BOSS}),
            case({422: BOSS}, query="calendar=0&country=CN&year=2026"),
        ],
        "POST": [case({422: BOSS})],
    },
    "audit": {"GET": [case({200: BOSS})], "POST": NOT_THERE},
    "api-schema": {"GET": [public(200)], "POST": NOT_THERE},
    "api-docs": {"GET": [public(200)], "POST": NOT_THERE},
    "api-reference": {"GET": [public(200)], "POST": NOT_THERE},
    "outbox:notices": {"GET": [case({200: SIGNED_IN})], "POST": NOT_THERE},
    "outbox:notice-count": {"GET": [case({200: SIGNED_IN})], "POST": NOT_THERE},
    "outbox:notices-seen": {"GET": NOT_THERE, "POST": [case({REDIRECT: SIGNED_IN})]},
    "outbox:mailbox": {"GET": [case({200: BOSS}), case({200: BOSS}, query="q=b.example")], "POST": NOT_THERE},
    "outbox:mail": {"GET": [case({200: BOSS}, pk="mail")], "POST": NOT_THERE},
    "outbox:mail-html": {"GET": [case({200: BOSS}, pk="mail")], "POST": NOT_THERE},
    "outbox:dead": {"GET": [case({200: BOSS})], "POST": NOT_THERE},
    "outbox:resend": {"GET": NOT_THERE, "POST": [case({REDIRECT: BOSS}, pk="delivery")]},
    "outbox:resolve-again": {"GET": NOT_THERE, "POST": [case({REDIRECT: BOSS}, pk="intent")]},
    "outbox:resend-kind": {"GET": NOT_THERE, "POST": [case({REDIRECT: BOSS}, data={"kind": "test"})]},
    "outbox:words": {"GET": [case({200: BOSS})], "POST": NOT_THERE},
    "outbox:words-edit": {
        "GET": [case({200: BOSS}, kind="ticket.reply"), case({}, kind="nonsense")],
        "POST": [case({422: BOSS}, kind="ticket.reply", data={"save": "en"})],
    },
    "outbox:words-reset": {"GET": NOT_THERE, "POST": [case({REDIRECT: BOSS}, kind="ticket.reply", language="en")]},
    "outbox:words-preview": {
        "GET": [case({200: BOSS}, kind="ticket.reply", language="en"), case({}, kind="ticket.reply", language="xx")],
        "POST": NOT_THERE,
    },
    # Whoever has the address has the right; mail programs press it without cookies.
    "outbox:unsubscribe": {
        "GET": [public(200, token="unsubscribe"), public(404, token="forged")],
        "POST": [public(200, token="unsubscribe"), public(404, token="forged")],
    },
    "outbox:webhooks": {"GET": [case({200: BOSS})], "POST": [case({422: BOSS})]},
    "outbox:webhook": {"GET": [case({200: BOSS}, pk="webhook")], "POST": [case({422: BOSS}, pk="webhook")]},
    "outbox:webhook-rotate": {"GET": NOT_THERE, "POST": [case({200: BOSS}, pk="webhook")]},
    "outbox:webhook-test": {"GET": NOT_THERE, "POST": [case({REDIRECT: BOSS}, pk="webhook")]},
    "outbox:webhook-delete": {"GET": NOT_THERE, "POST": [case({REDIRECT: BOSS}, pk="webhook")]},
    "outbox:webhook-replay": {"GET": NOT_THERE, "POST": [case({REDIRECT: BOSS}, pk="webhook")]},
    "outbox:webhook-call": {"GET": [case({200: BOSS}, pk="webhook_call")], "POST": NOT_THERE},
    "outbox:webhook-call-replay": {
        "GET": NOT_THERE,
        "POST": [case({REDIRECT: BOSS}, pk="webhook_call")],
    },
    "outbox:send-test": {"GET": NOT_THERE, "POST": [case({REDIRECT: BOSS})]},
    "outbox:robots": {"GET": [case({200: BOSS})], "POST": NOT_THERE},
    "outbox:robot-try": {"GET": NOT_THERE, "POST": [case({REDIRECT: BOSS}, pk="robot")]},
}
