"""Events of accounts and their sessions."""

from typing import Literal

from shared.events.base import Frozen, Happening


class AboutUser(Frozen):
    user_id: str


class AboutAccess(AboutUser):
    """What a link is asked for: void once the account's epoch is another (ADR 9, 13)."""

    access_epoch: int


class UserRegistered(Happening):
    type: Literal["user.registered"] = "user.registered"
    data: AboutAccess


class RegistrationRepeated(Happening):
    """Someone tried to open an account with this user's address."""

    type: Literal["user.registration_repeated"] = "user.registration_repeated"
    data: AboutAccess


class VerificationRequested(Happening):
    type: Literal["user.verification_requested"] = "user.verification_requested"
    data: AboutAccess


class EmailVerified(Happening):
    """The user has shown that the address is theirs."""

    type: Literal["user.email_verified"] = "user.email_verified"
    data: AboutUser


class EmailChangeRequested(Happening):
    type: Literal["user.email_change_requested"] = "user.email_change_requested"
    data: AboutAccess


class EmailChanged(Happening):
    type: Literal["user.email_changed"] = "user.email_changed"
    data: AboutUser


class PasswordResetRequested(Happening):
    type: Literal["user.password_reset_requested"] = "user.password_reset_requested"
    data: AboutAccess


class PasswordChanged(Happening):
    type: Literal["user.password_changed"] = "user.password_changed"
    data: AboutUser


class SecondFactorChange(AboutUser):
    enabled: bool


class SecondFactorChanged(Happening):
    type: Literal["user.second_factor_changed"] = "user.second_factor_changed"
    data: SecondFactorChange


class AboutApiKey(AboutUser):
    key_id: str


class ApiKeyCreated(Happening):
    type: Literal["api_key.created"] = "api_key.created"
    data: AboutApiKey


class UserDeleted(Happening):
    """Nothing personal is left of the account: whoever keeps more about it should erase it too."""

    type: Literal["user.deleted"] = "user.deleted"
    data: AboutUser


class AboutSession(AboutUser):
    session_id: str


class ReuseDetected(Happening):
    """A refresh token came a second time, so that two may have it: the session was ended."""

    type: Literal["session.reuse_detected"] = "session.reuse_detected"
    data: AboutSession
