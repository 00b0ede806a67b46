"""Articles: public and published for everybody, internal for staff, drafts for their author and the reviewers."""

from helpdesk.tests.access.scene import COMMON
from helpdesk.tests.access.table import LEADS, NOT_THERE, REDIRECT, STAFF, WORKS, WRITERS, Rows, case, public

_DRAFT = WORKS  # the agent wrote it; lead and administrator may publish it

ROWS: Rows = {
    "knowledge:home": {"GET": [public(200), public(200, query=f"q={COMMON}")], "POST": NOT_THERE},
    "knowledge:suggest": {"GET": [public(200), public(200, query=f"text={COMMON}")], "POST": [public(200)]},
    "knowledge:article": {
        "GET": [
            public(200, slug="public_article:slug"),
            public({200: STAFF}, slug="internal_article:slug"),
            public({200: _DRAFT}, slug="draft_article:slug"),
        ],
        "POST": NOT_THERE,
    },
    "knowledge:rate": {
        "GET": NOT_THERE,
        "POST": [
            public(REDIRECT, slug="public_article:slug"),
            public({REDIRECT: STAFF}, slug="internal_article:slug"),
            public(404, slug="draft_article:slug"),
        ],
    },
    "knowledge:desk": {
        "GET": [
            case({200: STAFF}, query=f"state={state}&q={COMMON}")
            for state in ("draft", "waiting", "published", "archived")
        ],
        "POST": NOT_THERE,
    },
    "knowledge:new": {"GET": [case({200: WRITERS})], "POST": [case({422: WRITERS})]},
    "knowledge:preview": {"GET": NOT_THERE, "POST": [case({200: WRITERS})]},
    "knowledge:review": {
        "GET": [
            case({200: WRITERS}, pk="public_article"),
            case({200: WRITERS}, pk="internal_article"),
            case({200: _DRAFT}, pk="draft_article"),
        ],
        "POST": NOT_THERE,
    },
    "knowledge:edit": {
        "GET": [case({200: WRITERS}, pk="public_article"), case({200: _DRAFT}, pk="draft_article")],
        "POST": [case({422: WRITERS}, pk="public_article"), case({422: _DRAFT}, pk="draft_article")],
    },
    "knowledge:move": {
        "GET": NOT_THERE,
        "POST": [
            case({REDIRECT: LEADS}, data={"move": "publish"}, pk="draft_article"),
            case({REDIRECT: _DRAFT}, data={"move": "submit"}, pk="draft_article"),
            case({REDIRECT: LEADS}, data={"move": "archive"}, pk="public_article"),
            case({}, data={"move": "nonsense"}, pk="public_article"),
        ],
    },
}
