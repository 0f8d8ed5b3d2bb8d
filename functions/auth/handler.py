from auth.accounts.routes import routes as accounts
from auth.api_keys.routes import routes as api_keys
from auth.passwords.routes import routes as passwords
from auth.privacy.routes import routes as privacy
from auth.second_factor.routes import routes as second_factor
from auth.sessions.routes import routes as sessions
from auth.users.routes import routes as users
from shared.config import AccountSettings, CursorSettings, PasswordSettings, TokenSettings
from shared.http.api import create_api

api = create_api(TokenSettings, PasswordSettings, AccountSettings, CursorSettings)
for routes in (accounts, sessions, passwords, second_factor, api_keys, users, privacy):
    api.include_router(routes)
handler = api.resolve
