"""Accounts: register, log in, who am I."""

from dataclasses import dataclass
from datetime import timedelta

from auth import repository
from auth.schemas import Credentials, Registration
from shared import clock, ids, passwords, tokens
from shared.auth import Principal, Role
from shared.config import PasswordSettings, TokenSettings, settings
from shared.errors import TokenInvalid, WrongCredentials
from shared.events import UserRegistered, UserRegisteredData
from shared.keys import KeyRing, key_ring
from shared.models import Login, User


@dataclass(frozen=True, slots=True)
class Session:
    user: User
    access_token: str
    lifetime: timedelta


def register(registration: Registration) -> User:
    """Raises EmailTaken; nothing is written then."""
    user = User(
        user_id=ids.new_id("usr"),
        email=registration.email,
        name=registration.name,
        roles={Role.CUSTOMER.value},
        created_at=clock.utc_now(),
    )
    login = Login(
        email=registration.email,
        user_id=user.user_id,
        password_hash=passwords.hash_password(registration.password, _pepper(), cost=_cost()),
    )
    event = UserRegistered(data=UserRegisteredData(user_id=user.user_id))
    repository.add(login, user, event)
    return user


def log_in(credentials: Credentials) -> Session:
    """Raises WrongCredentials, after the same time for a wrong password and an unknown e-mail."""
    login = repository.find_login(credentials.email)
    if login is None:
        passwords.spend_a_check(credentials.password, _pepper(), cost=_cost())
        raise _wrong_credentials()
    if not passwords.is_password(credentials.password, login.password_hash, _pepper()):
        raise _wrong_credentials()
    user = repository.find_user(login.user_id)
    if user is None:
        raise _wrong_credentials()
    return _session_of(user)


def whoami(caller: Principal) -> User:
    """Raises TokenInvalid when the account is gone."""
    user = repository.find_user(caller.user_id)
    if user is None:
        raise TokenInvalid("This account no longer exists.")
    return user


def _session_of(user: User) -> Session:
    chosen = settings(TokenSettings)
    lifetime = timedelta(minutes=chosen.access_token_minutes)
    principal = Principal(user.user_id, frozenset(Role(role) for role in user.roles))
    token = tokens.issue(
        principal, key_ring(chosen.token_keys_secret_arn), now=clock.utc_now(), lifetime=lifetime
    )
    return Session(user, token, lifetime)


def _wrong_credentials() -> WrongCredentials:
    return WrongCredentials("E-mail and password do not belong together.")


def _pepper() -> KeyRing:
    return key_ring(settings(PasswordSettings).password_pepper_secret_arn)


def _cost() -> int:
    return settings(PasswordSettings).bcrypt_cost
