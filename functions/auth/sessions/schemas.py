from datetime import datetime, timedelta
from typing import Literal, Self

from pydantic import Field

from auth.accounts.schemas import CODE_IF_ENABLED, TOKEN_MAX, Code, Password, UserView
from shared.email_addresses import Email
from shared.http.schemas import RequestBody, View
from shared.http.text_fields import SECRET
from shared.storage.models.accounts import Profile, Session


class Credentials(RequestBody):
    email: Email
    password: Password
    code: Code | None = Field(default=None, description=CODE_IF_ENABLED)


class RefreshRequest(RequestBody):
    refresh_token: str = Field(
        max_length=TOKEN_MAX,
        description="The refresh token from the login or the last refresh.",
        json_schema_extra=SECRET,
    )


class TokensView(View):
    access_token: str = Field(description="Send it as `Authorization: Bearer <token>`.")
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 (RFC 6750)
    expires_in: int = Field(description="Seconds until the access token expires.")
    refresh_token: str = Field(
        description="Exchange it for new tokens. It works once; each refresh returns a new one."
    )

    @classmethod
    def from_model(cls, access_token: str, refresh_token: str, lifetime: timedelta) -> Self:
        return cls(
            access_token=access_token,
            expires_in=int(lifetime.total_seconds()),
            refresh_token=refresh_token,
        )


class LoginView(TokensView):
    user: UserView

    @classmethod
    def from_user(cls, tokens: TokensView, user: Profile) -> Self:
        return cls(**tokens.model_dump(), user=UserView.from_model(user))


class SessionView(View):
    id: str
    device: str = Field(description="The `User-Agent` header of the login.")
    current: bool = Field(description="True for the session that sent this request.")
    second_factor: bool = Field(description="Whether the login used a second factor.")
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime = Field(
        description="The session ends at this time, unless you refresh its tokens first."
    )

    @classmethod
    def from_model(cls, session: Session, *, current: str) -> Self:
        return cls(
            id=session.session_id,
            device=session.device,
            current=session.session_id == current,
            second_factor=session.second_factor,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            expires_at=session.valid_until,
        )
