from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.http.schemas import RequestBody
from shared.security.permissions import Role

_Role = Annotated[Role, Field(strict=False)]  # JSON has text where Python has a Role


class UserChange(RequestBody):
    """What is left out stays as it is."""

    roles: Annotated[list[_Role], Field(min_length=1, max_length=len(Role))] | None = None
    status: Literal["active", "disabled"] | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.roles is None and self.status is None:
            raise ValueError("Send `roles`, `status` or both")
        return self
