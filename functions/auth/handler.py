from auth.accounts.routes import routes as accounts
from auth.api_keys.routes import routes as api_keys
from auth.email_addresses.routes import routes as email_addresses
from auth.passwords.routes import routes as passwords
from auth.privacy.routes import routes as privacy
from auth.second_factor.routes import routes as second_factor
from auth.sessions.routes import routes as sessions
from auth.users.routes import routes as users
from shared.config import AccountSettings, CursorSettings, PasswordSettings, TokenSettings
from shared.http.api import create_api

ROUTES = (
    accounts,
    email_addresses,
    sessions,
    passwords,
    second_factor,
    api_keys,
    users,
    privacy,
)

api = create_api(TokenSettings, PasswordSettings, AccountSettings, CursorSettings)
for routes in ROUTES:
    api.include_router(routes)
handler = api.resolve
