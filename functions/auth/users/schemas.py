from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.http.schemas import RequestBody
from shared.security.permissions import Role

_Role = Annotated[Role, Field(strict=False)]  # JSON has text where Python has a Role


class UserChange(RequestBody):
    """The changes to a user. An omitted field keeps its value."""

    roles: Annotated[list[_Role], Field(min_length=1, max_length=len(Role))] | None = Field(
        default=None,
        description="The complete list of the user's roles. It replaces the current one.",
    )
    status: Literal["active", "disabled"] | None = Field(
        default=None, description="A disabled account cannot log in or use API keys."
    )

    @model_validator(mode="after")
    def _check_any_field(self) -> Self:
        if self.roles is None and self.status is None:
            raise ValueError("Send `roles`, `status` or both")
        return self
