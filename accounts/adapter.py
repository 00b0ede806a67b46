"""How sign-in by allauth is bent to this product."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """No self-made accounts: people are invited, or become known by submitting a problem."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
