"""Whom staff give an order to."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from shared.email_addresses import Email
from shared.http.schemas import NOT_NULL, RequestBody
from shared.http.text_fields import Text


class BuyerRequest(RequestBody):
    """The new buyer of an order. Send one of the two fields."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    user_id: Annotated[Annotated[str, Text(100)] | None, NOT_NULL] = Field(
        default=None, description="The id of an active account."
    )
    email: Annotated[Email | None, NOT_NULL] = Field(
        default=None,
        description="The account that has confirmed this address gets the order. If there is none, "
        "a guest with this address gets it, until an account confirms the address.",
    )

    @model_validator(mode="after")
    def _check_one_field(self) -> Self:
        if self.user_id is None and self.email is None:
            raise PydanticCustomError("required", "Must have `user_id` or `email`")
        if self.user_id is not None and self.email is not None:
            raise PydanticCustomError("too_many_values", "Must have one of `user_id` and `email`")
        return self
