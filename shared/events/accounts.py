"""Events of accounts and their sessions."""

from typing import Literal

from shared.events.base import DomainEvent, Frozen


class UserData(Frozen):
    user_id: str


class AccessData(UserData):
    """A link mailed for this event is void once the account's epoch has changed (ADR 9, 13)."""

    access_epoch: int


class UserRegistered(DomainEvent):
    type: Literal["user.registered"] = "user.registered"
    data: AccessData


class DuplicateRegistrationAttempted(DomainEvent):
    """Someone tried to register or to take this user's e-mail address."""

    type: Literal["user.duplicate_registration_attempted"] = "user.duplicate_registration_attempted"
    data: AccessData


class VerificationRequested(DomainEvent):
    type: Literal["user.verification_requested"] = "user.verification_requested"
    data: AccessData


class EmailVerified(DomainEvent):
    """The user has confirmed their e-mail address for the first time."""

    type: Literal["user.email_verified"] = "user.email_verified"
    data: UserData


class EmailChangeRequested(DomainEvent):
    type: Literal["user.email_change_requested"] = "user.email_change_requested"
    data: AccessData


class EmailChanged(DomainEvent):
    type: Literal["user.email_changed"] = "user.email_changed"
    data: UserData


class PasswordResetRequested(DomainEvent):
    type: Literal["user.password_reset_requested"] = "user.password_reset_requested"
    data: AccessData


class PasswordChanged(DomainEvent):
    type: Literal["user.password_changed"] = "user.password_changed"
    data: UserData


class SecondFactorChangedData(UserData):
    enabled: bool


class SecondFactorChanged(DomainEvent):
    type: Literal["user.second_factor_changed"] = "user.second_factor_changed"
    data: SecondFactorChangedData


class ApiKeyData(UserData):
    key_id: str


class ApiKeyCreated(DomainEvent):
    type: Literal["api_key.created"] = "api_key.created"
    data: ApiKeyData


class UserDeletedData(UserData):
    order_count: int = 0  # of the account: how many orders there are to find


class UserDeleted(DomainEvent):
    """The account was deleted. A subscriber that stores more about the user must delete it too."""

    type: Literal["user.deleted"] = "user.deleted"
    data: UserDeletedData


class SessionData(UserData):
    session_id: str


class ReuseDetected(DomainEvent):
    """A used refresh token was sent again, so it may have been copied. The session was ended."""

    type: Literal["session.reuse_detected"] = "session.reuse_detected"
    data: SessionData


UserEvent = (
    UserRegistered
    | DuplicateRegistrationAttempted
    | VerificationRequested
    | EmailVerified
    | EmailChangeRequested
    | EmailChanged
    | PasswordResetRequested
    | PasswordChanged
    | SecondFactorChanged
    | ApiKeyCreated
    | UserDeleted
    | ReuseDetected
)
