"""Lambda's entry point for accounts and sessions."""

from shared.config import AccountSettings, CursorSettings, PasswordSettings, TokenSettings
from shared.http.api import create_api
from shared.http.routers import Routers

ROUTERS = Routers(
    {
        "/v1/auth": "auth.sessions.routes",
        "/v1/auth/password": "auth.passwords.routes",
        "/v1/auth/register": "auth.accounts.routes",
        "/v1/auth/verify-email": "auth.email_addresses.routes",
        "/v1/me": "auth.accounts.routes",  # and auth.privacy.routes, for the deletion: it is rare
        "/v1/me/addresses": "auth.addresses.routes",
        "/v1/me/api-keys": "auth.api_keys.routes",
        "/v1/me/email": "auth.email_addresses.routes",
        "/v1/me/export": "auth.privacy.routes",
        "/v1/me/password": "auth.passwords.routes",
        "/v1/me/second-factor": "auth.second_factor.routes",
        "/v1/me/sessions": "auth.sessions.routes",
        "/v1/users": "auth.users.routes",
    },
    at_once=["auth.sessions.routes"],  # a session begins with a login and goes on with refreshes
)

api = create_api(TokenSettings, PasswordSettings, AccountSettings, CursorSettings, routers=ROUTERS)
handler = api.resolve
