"""The API: 401 without sign-in or token, 403 for what one knows of but may not do, 404 for the rest."""

from helpdesk.tests.access.scene import COMMON
from helpdesk.tests.access.table import (
    BOSS,
    CUSTOMERS,
    HANDLES,
    INSIDE,
    LEADS,
    SEES,
    SIDE,
    SIGNED_IN,
    STAFF,
    TOKEN,
    WORKS,
    WRITERS,
    Rows,
    call,
)

_KNOW_CUSTOMERS = frozenset({"agent", "elsewhere", "lead", "manager", "administrator"})
_FOREIGN = frozenset({"stranger", "elsewhere", "manager", "administrator"})
_SOUTH = frozenset({"elsewhere"})  # the team to which the ticket was handed over
_NORTH = frozenset({"agent", "lead"})  # use what the agent shares with the team
_WORDS = {"body": "Some words."}


def _work(name: str, who: frozenset[str] = WORKS, status: int = 400, number: str = "ticket") -> Rows:
    """An action on a ticket: who sees the ticket but may not do this gets 403."""
    own = call({status: who}, forbidden=SEES - who, number=number)
    foreign_works = frozenset({"elsewhere", "administrator"})
    if who == WORKS and number == "ticket":
        foreign = call({status: foreign_works}, forbidden=_FOREIGN - foreign_works, number="foreign")
        return {name: {"POST": [own, foreign]}}
    return {name: {"POST": [own]}}


ROWS: Rows = {
    "api-me": {"GET": [call({200: SIGNED_IN | {TOKEN}})]},
    "api-me-notifications": {
        "GET": [call({200: SIGNED_IN | {TOKEN}})],
        "PATCH": [call({200: SIGNED_IN}), call({400: SIGNED_IN}, data={"hears": "nothing"})],
    },
    "api-user-list": {"GET": [call({200: SIGNED_IN})]},
    "api-user-detail": {
        "GET": [
            call({200: STAFF}, pk="person:agent"),
            call({200: _KNOW_CUSTOMERS | {"stranger"}}, pk="person:stranger"),
            call({}, pk="nonsense"),
        ]
    },
    "api-team-list": {"GET": [call({200: SIGNED_IN})]},
    "api-team-detail": {"GET": [call({200: STAFF}, pk="north")]},
    "api-organization-list": {"GET": [call({200: SIGNED_IN})]},
    "api-organization-detail": {
        "GET": [
            call({200: _KNOW_CUSTOMERS | (CUSTOMERS - {"stranger"})}, pk="alpha"),
            call({200: _KNOW_CUSTOMERS | {"stranger"}}, pk="beta"),
        ]
    },
    "api-article-list": {
        "GET": [call({200: SIGNED_IN}), call({200: SIGNED_IN}, query=f"q={COMMON}")],
        "POST": [call({400: WRITERS}, forbidden=SIGNED_IN - WRITERS)],
    },
    "api-article-detail": {
        "GET": [
            call({200: SIGNED_IN}, pk="public_article"),
            call({200: STAFF}, pk="internal_article"),
            call({200: WORKS}, pk="draft_article"),
        ],
        "PATCH": [
            call({400: WRITERS}, forbidden=SIGNED_IN - WRITERS, pk="public_article"),
            call({400: WORKS}, forbidden=SIGNED_IN - WRITERS, pk="draft_article"),
        ],
    },
    "api-ticket-list": {
        "GET": [call({200: SIGNED_IN}), call({200: SIGNED_IN}, query="status=open&page_size=200")],
        "POST": [call({400: SIGNED_IN})],
    },
    "api-ticket-detail": {
        "GET": [
            call({200: SEES}, number="ticket"),
            call({200: _FOREIGN}, number="foreign"),
            call({}, number="T999999999"),
        ]
    },
    "api-ticket-messages": {
        "GET": [call({200: SEES}, number="ticket"), call({200: _FOREIGN}, number="foreign")],
        "POST": [
            call({400: SEES}, number="ticket"),
            call({201: SIDE | WORKS}, forbidden=INSIDE - WORKS, data=_WORDS, number="ticket"),
            call(
                {201: WORKS | {"rnd"}},
                forbidden=SIDE | {"manager"},
                data=_WORDS | {"kind": "note"},
                number="ticket",
            ),
            call({201: _FOREIGN - {"manager"}}, forbidden=frozenset({"manager"}), data=_WORDS, number="foreign"),
        ],
    },
    "api-ticket-clocks": {
        "GET": [call({200: SEES}, number="ticket"), call({200: _FOREIGN}, number="foreign")],
    },
    **_work("api-ticket-set-status"),
    "api-ticket-bulk": {"POST": [call({400: STAFF}, forbidden=CUSTOMERS)]},
    "api-ticket-bulk-undo": {"POST": [call({}, pk="1")]},
    "api-ticket-take": {
        "POST": [
            # The agent has it already; from the agent nobody takes it without saying so (400: «take over»).
            call({200: frozenset({"agent"}), 400: LEADS}, forbidden=SEES - WORKS, number="ticket"),
            call({200: BOSS}, forbidden=frozenset({"manager"}), number="far"),
        ]
    },
    **_work("api-ticket-assign", status=200),  # nobody and no other team: stays as it is
    **_work("api-ticket-hand-over"),
    **_work("api-ticket-custom-fields"),
    **_work("api-ticket-watch", INSIDE, 200),
    "api-ticket-unwatch": {  # who was called in sees it no longer
        "POST": [call({200: INSIDE - {"rnd"}, 204: frozenset({"rnd"})}, forbidden=SIDE, number="ticket")]
    },
    "api-ticket-time": {
        "GET": [call({200: WORKS | {"rnd"}}, forbidden=SIDE | {"manager"}, number="ticket")],
        "POST": [call({400: WORKS | {"rnd"}}, forbidden=SIDE | {"manager"}, number="ticket")],
    },
    "api-ticket-acknowledge-hand-over": {
        "POST": [call({200: _SOUTH}, forbidden=SIDE | {"agent", "manager", "administrator"}, number="given")]
    },
    "api-ticket-ask-back": {
        "POST": [call({400: _SOUTH | {"agent", "administrator"}}, forbidden=SIDE | {"manager"}, number="given")]
    },
    **_work("api-ticket-regrade"),
    **_work("api-ticket-resolve"),
    **_work("api-ticket-reopen", number="solved"),
    **_work("api-ticket-merge"),
    "api-ticket-family": {"GET": [call({200: WORKS}, forbidden=SEES - WORKS, number="ticket")]},
    **_work("api-ticket-link"),
    **_work("api-ticket-unlink"),
    **_work("api-ticket-part-of"),
    **_work("api-ticket-split"),
    **_work("api-ticket-unmerge"),
    **_work("api-ticket-tell-children"),
    **_work("api-ticket-resolve-children"),
    **_work("api-ticket-tell-again"),
    "api-ticket-cause-report": {
        "GET": [call({200: WORKS}, forbidden=SEES - WORKS, number="solved")],
        "POST": [call({400: WORKS}, forbidden=SEES - WORKS, number="solved")],
    },
    **_work("api-ticket-acknowledge", HANDLES, 200),
    **_work("api-ticket-contest", SIDE),
    **_work("api-ticket-urge", SIDE, 200),
    **_work("api-ticket-confirm", SIDE),
    **_work("api-ticket-refute", SIDE),
    "api-message-list": {"GET": [call({200: SIGNED_IN}), call({200: SIGNED_IN}, query="page_size=200")]},
    "api-message-detail": {"GET": [call({200: SEES}, pk="public_message"), call({200: INSIDE}, pk="note_message")]},
    "api-attachment-list": {"GET": [call({200: SIGNED_IN})]},
    "api-attachment-detail": {
        "GET": [
            call({200: SEES}, pk="public_file"),
            call({200: INSIDE}, pk="note_file"),
            call({200: _FOREIGN}, pk="foreign_file"),
        ]
    },
    "api-attachment-content": {
        "GET": [
            call({200: SEES}, pk="public_file"),
            call({200: INSIDE}, pk="note_file"),
            call({200: _FOREIGN}, pk="foreign_file"),
        ]
    },
    "api-clock-list": {"GET": [call({200: SIGNED_IN}), call({200: SIGNED_IN}, query="state=running")]},
    "api-clock-detail": {"GET": [call({200: SEES}, pk="clock")]},
    "api-view-list": {"GET": [call({200: SIGNED_IN})], "POST": [call({400: STAFF}, forbidden=CUSTOMERS)]},
    "api-view-detail": {
        "GET": [call({200: _NORTH}, pk="saved_view")],
        "DELETE": [call({204: frozenset({"agent"})}, forbidden=(_NORTH - {"agent"}) | CUSTOMERS, pk="saved_view")],
    },
    "api-canned-list": {
        "GET": [call({200: SIGNED_IN})],
        "POST": [call({400: STAFF - {"manager"}}, forbidden=CUSTOMERS | {"manager"})],
    },
    "api-canned-detail": {
        "GET": [
            call({200: frozenset({"agent"})}, pk="own_canned"),
            call({200: STAFF - {"manager"}}, pk="shared_canned"),
        ],
        "DELETE": [
            call({204: frozenset({"agent"})}, pk="own_canned"),
            call({204: BOSS}, forbidden=STAFF - BOSS - {"manager"}, pk="shared_canned"),
        ],
    },
    "api-incident-list": {"GET": [call({200: SIGNED_IN}), call({200: SIGNED_IN}, query="open=true")]},
    "api-incident-detail": {"GET": [call({200: SIGNED_IN}, pk="incident")]},
    "api-survey-list": {"GET": [call({200: SIGNED_IN})]},
    "api-survey-detail": {"GET": [call({200: INSIDE}, pk="survey")]},
    "api-report-summary": {"GET": [call({200: HANDLES}, forbidden=SIGNED_IN - HANDLES)]},
    "api-report-figures": {
        "GET": [
            call({200: HANDLES}, forbidden=SIGNED_IN - HANDLES),
            call({200: HANDLES}, forbidden=SIGNED_IN - HANDLES, query="by=person&format=csv"),
        ]
    },
    "api-report-series": {"GET": [call({200: HANDLES}, forbidden=SIGNED_IN - HANDLES, query="step=week")]},
    "api-report-tickets": {
        "GET": [
            call({200: HANDLES}, forbidden=SIGNED_IN - HANDLES, query="figure=created"),
            call({200: HANDLES}, forbidden=SIGNED_IN - HANDLES, query="figure=open&format=csv"),
        ]
    },
    "api-escalation-list": {"GET": [call({200: SIGNED_IN}), call({200: SIGNED_IN}, query="open=true")]},
    "api-escalation-detail": {
        "GET": [
            call({200: HANDLES}, pk="escalation"),
            call({200: frozenset({"manager", "administrator"})}, pk="foreign_escalation"),
        ]
    },
}
