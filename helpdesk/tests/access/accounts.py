"""People, sign-in, the person's own page."""

from dataclasses import replace

from helpdesk.tests.access.table import (
    ANONYMOUS,
    BOSS,
    EVERYBODY,
    NOT_THERE,
    REDIRECT,
    SIGNED_IN,
    STAFF,
    TOKEN,
    Rows,
    case,
    public,
)

_OUT = frozenset({ANONYMOUS, TOKEN})
_AWAY = {REDIRECT: SIGNED_IN}
AGENT = frozenset({"agent"})

#: allauth copies a person's address into its own table when it first needs it.
_RESET = replace(public(404, uidb36="uid", key="0-0"), writes=frozenset({"account_emailaddress"}))

ROWS: Rows = {
    "account_login": {
        "GET": [public({200: _OUT, **_AWAY})],
        "POST": [public({200: _OUT, **_AWAY})],
    },
    "account_logout": {
        "GET": [public({200: SIGNED_IN, REDIRECT: _OUT})],  # asks; who is out already goes home
        "POST": [public(REDIRECT)],
    },
    "account_inactive": {"GET": [public(200)], "POST": NOT_THERE},
    "account_reauthenticate": {
        "GET": [case({200: SIGNED_IN})],
        "POST": [case({200: SIGNED_IN})],
    },
    "account_change_password": {
        "GET": [case({200: SIGNED_IN})],
        "POST": [case({200: SIGNED_IN})],
    },
    "account_reset_password": {
        "GET": [public(200)],
        "POST": [public(200)],
    },
    "account_reset_password_done": {"GET": [public(200)], "POST": NOT_THERE},
    "account_reset_password_from_key": {
        "GET": [_RESET, public(404, uidb36="uid", key="set-password")],
        "POST": [public(404, uidb36="uid", key="0-0"), public(404, uidb36="uid", key="set-password")],
    },
    "account_reset_password_from_key_done": {"GET": [public(200)], "POST": NOT_THERE},
    "profile": {"GET": [case({200: SIGNED_IN})], "POST": [case({422: SIGNED_IN})]},
    "profile-duty": {"GET": NOT_THERE, "POST": [case({REDIRECT: STAFF})]},
    "profile-quiet-hours": {
        "GET": NOT_THERE,
        "POST": [case({REDIRECT: STAFF}), case({422: STAFF}, data={"quiet_from": "22:00"})],
    },
    "profile-notifications": {
        "GET": [case({200: SIGNED_IN})],
        "POST": [
            case({REDIRECT: SIGNED_IN}, data={"hears": "answers", "digest": "all", "digest_at": "07:30"}),
            case({422: SIGNED_IN}, data={"hears": "nothing"}),
        ],
    },
    "profile-absence-add": {"GET": NOT_THERE, "POST": [case({422: STAFF})]},
    "profile-absence-remove": {"GET": NOT_THERE, "POST": [case({REDIRECT: AGENT}, pk="absence")]},
    "profile-token-create": {"GET": NOT_THERE, "POST": [case({422: SIGNED_IN})]},
    "profile-token-revoke": {"GET": NOT_THERE, "POST": [case({REDIRECT: AGENT}, pk="agents_token")]},
    "service-accounts": {"GET": [case({200: BOSS})], "POST": [case({422: BOSS})]},
    "service-account": {"GET": [case({200: BOSS}, pk="service")], "POST": [case({422: BOSS}, pk="service")]},
    "service-role": {"GET": NOT_THERE, "POST": [case({422: BOSS}, pk="service")]},
    "service-role-remove": {
        "GET": NOT_THERE,
        "POST": [case({REDIRECT: BOSS}, pk="services_role")],
    },
    "service-token": {"GET": NOT_THERE, "POST": [case({422: BOSS}, pk="service")]},
    "service-token-revoke": {"GET": NOT_THERE, "POST": [case({REDIRECT: BOSS}, pk="services_token")]},
    "service-account-end": {"GET": NOT_THERE, "POST": [case({REDIRECT: BOSS}, pk="service")]},
    "set_language": {"GET": NOT_THERE, "POST": [public(REDIRECT)]},
    "invitation": {
        "GET": [public(200, token="invitation"), public(404, token="0-0-0")],
        "POST": [public(422, token="invitation"), public(404, token="0-0-0")],
    },
    "mfa_index": {"GET": [case({200: SIGNED_IN})], "POST": NOT_THERE},
    "mfa_authenticate": {"GET": [case({REDIRECT: EVERYBODY})], "POST": [case({REDIRECT: EVERYBODY})]},
    "mfa_reauthenticate": {"GET": [case({REDIRECT: EVERYBODY})], "POST": [case({REDIRECT: EVERYBODY})]},
    # The second factor is set up only after the password was asked again (302 to account_reauthenticate).
    "mfa_activate_totp": {"GET": [case({REDIRECT: EVERYBODY})], "POST": [case({REDIRECT: EVERYBODY})]},
    "mfa_generate_recovery_codes": {"GET": [case({REDIRECT: EVERYBODY})], "POST": [case({REDIRECT: EVERYBODY})]},
    # Nobody here has one yet.
    "mfa_deactivate_totp": {"GET": [case({})], "POST": [case({})]},
    "mfa_view_recovery_codes": {"GET": [case({})], "POST": NOT_THERE},
    "mfa_download_recovery_codes": {"GET": [case({})], "POST": NOT_THERE},
}
