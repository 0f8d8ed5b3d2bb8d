from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from auth.accounts.schemas import UserStatus
from shared.http.schemas import NOT_NULL, RequestBody
from shared.security.permissions import Role

_Role = Annotated[Role, Field(strict=False)]  # JSON has text where Python has a Role


class UserChange(RequestBody):
    """The changes to a user. An omitted field keeps its value."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    roles: Annotated[
        Annotated[list[_Role], Field(min_length=1, max_length=len(Role))] | None, NOT_NULL
    ] = Field(
        default=None,
        description="The complete list of the user's roles. It replaces the current one.",
    )
    status: Annotated[UserStatus | None, NOT_NULL] = Field(
        default=None, description="A disabled account cannot log in or use API keys."
    )

    @model_validator(mode="after")
    def _check_any_field(self) -> Self:
        if self.roles is None and self.status is None:
            raise PydanticCustomError("no_change", "Must have `roles`, `status` or both")
        return self
