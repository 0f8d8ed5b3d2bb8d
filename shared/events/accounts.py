"""Events of accounts and their sessions."""

from typing import Literal

from shared.events.base import DomainEvent, Frozen


class UserData(Frozen):
    user_id: str


class AccessData(UserData):
    """A link mailed for this event is void once the account's epoch has changed (ADR 9, 13)."""

    access_epoch: int


class UserRegistered(DomainEvent):
    """Someone registered. The address is not confirmed yet."""

    type: Literal["user.registered"] = "user.registered"
    data: AccessData


class DuplicateRegistrationAttempted(DomainEvent):
    """Someone tried to register or to take this user's e-mail address."""

    type: Literal["user.duplicate_registration_attempted"] = "user.duplicate_registration_attempted"
    data: AccessData


class VerificationRequested(DomainEvent):
    """A user asked for another link that confirms their e-mail address."""

    type: Literal["user.verification_requested"] = "user.verification_requested"
    data: AccessData


class EmailVerified(DomainEvent):
    """The user has confirmed their e-mail address for the first time."""

    type: Literal["user.email_verified"] = "user.email_verified"
    data: UserData


class EmailChangeRequested(DomainEvent):
    """A user asked for another e-mail address, which a link must confirm."""

    type: Literal["user.email_change_requested"] = "user.email_change_requested"
    data: AccessData


class EmailChanged(DomainEvent):
    """A link confirmed the new e-mail address, which replaced the old one."""

    type: Literal["user.email_changed"] = "user.email_changed"
    data: UserData


class PasswordResetRequested(DomainEvent):
    """Someone asked for a link that sets a new password."""

    type: Literal["user.password_reset_requested"] = "user.password_reset_requested"
    data: AccessData


class PasswordChanged(DomainEvent):
    """A user has a new password. Their other sessions were ended."""

    type: Literal["user.password_changed"] = "user.password_changed"
    data: UserData


class SecondFactorChangedData(UserData):
    enabled: bool


class SecondFactorChanged(DomainEvent):
    """A user turned the second factor on or off, or an admin turned it off."""

    type: Literal["user.second_factor_changed"] = "user.second_factor_changed"
    data: SecondFactorChangedData


class ApiKeyData(UserData):
    key_id: str


class ApiKeyCreated(DomainEvent):
    """A member of staff created an API key."""

    type: Literal["api_key.created"] = "api_key.created"
    data: ApiKeyData


class UserDeletedData(UserData):
    order_count: int = 0  # how many orders there are to find


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
