"""Pages of the person, and of allauth only those that this product has: no sign-up, no address management."""

from allauth.account import views as allauth_views
from django.urls import include, path, re_path

from accounts import notification_views, service_views, views

sign_in = [
    path("login/", allauth_views.login, name="account_login"),
    path("logout/", allauth_views.logout, name="account_logout"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", allauth_views.password_change, name="account_change_password"),
    path("password/reset/", allauth_views.password_reset, name="account_reset_password"),
    path("password/reset/done/", allauth_views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/$",
        views.ResetFromKeyView.as_view(),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        allauth_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("2fa/", include("allauth.mfa.urls")),
]

_SERVICES = "desk/setup/services"
_SERVICE = f"{_SERVICES}/<int:pk>"

urlpatterns = [
    path("accounts/", include(sign_in)),
    path("profile/", views.profile, name="profile"),
    path("profile/duty/", views.duty, name="profile-duty"),
    path("profile/quiet-hours/", views.quiet_hours, name="profile-quiet-hours"),
    path("profile/notifications/", notification_views.notifications, name="profile-notifications"),
    path("profile/absences/", views.absence_add, name="profile-absence-add"),
    path("profile/absences/<int:pk>/remove/", views.absence_remove, name="profile-absence-remove"),
    path("profile/tokens/", views.token_create, name="profile-token-create"),
    path("profile/tokens/<int:pk>/revoke/", views.token_revoke, name="profile-token-revoke"),
    path("language/", views.set_language, name="set_language"),
    path(f"{_SERVICES}/", service_views.service_accounts, name="service-accounts"),
    path(f"{_SERVICE}/", service_views.service_account, name="service-account"),
    path(f"{_SERVICE}/roles/", service_views.service_role, name="service-role"),
    path(f"{_SERVICES}/roles/<int:pk>/remove/", service_views.service_role_remove, name="service-role-remove"),
    path(f"{_SERVICE}/tokens/", service_views.service_token, name="service-token"),
    path(
        "desk/setup/services/tokens/<int:pk>/revoke/", service_views.service_token_revoke, name="service-token-revoke"
    ),
    path(f"{_SERVICE}/end/", service_views.service_account_end, name="service-account-end"),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
]
