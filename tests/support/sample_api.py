"""A small API that shows what every API of Souk does. Its routes are those of sample events."""

from collections.abc import Callable
from typing import Any

from pydantic import Field

from shared.http.api import Api, create_api
from shared.http.authorization import anyone, requires
from shared.http.parameters import IfMatch
from shared.http.schemas import RequestBody, View
from shared.security.permissions import Permission
from tests.support.http import Answer, Caller, send

FOR_ANYONE, FOR_USERS, FOR_STAFF = "auth.register", "orders.place", "products.set_stock"
FOR_EDITORS = "me.update"


class Parcel(RequestBody):
    weight: int = Field(ge=1, le=1000)


class Note(RequestBody):
    text: str = Field(max_length=2_000_000)
    parcels: list[Parcel] = Field(default=[])


class Echo(View):
    text: str


class CallerView(View):
    user_id: str
    permissions: list[str]


api: Api = create_api()


@api.post("/v1/auth/register")
@anyone
def note(note: Note) -> Echo:
    return Echo(text=note.text)


@api.post("/v1/orders")
@requires(Permission.PLACE_ORDERS)
def sign(note: Note) -> Echo:
    return Echo(text=note.text)


@api.put("/v1/products/<product_id>/stock")
@requires(Permission.WRITE_STOCK)
def count(product_id: str, note: Note) -> Echo:
    return Echo(text=f"{product_id}: {note.text}")


@api.patch("/v1/me")
@requires(Permission.OWN_ACCOUNT)
def edit(note: Note, if_match: IfMatch) -> Echo:
    return Echo(text=f"{note.text} upon {if_match}")


@api.get("/v1/me")
@requires(Permission.PLACE_ORDERS)
def me() -> CallerView:
    return CallerView(user_id=api.caller.user_id, permissions=sorted(api.caller.permissions))


def post(
    body: Any = None, *, caller: Caller | None = None, name: str = FOR_ANYONE, **more: Any
) -> Answer:
    return send(api.resolve, name, body=body, caller=caller, **more)


def get_from(view: Callable[[], Any], **more: Any) -> Answer:
    """The answer to a GET request when this function is its route."""
    other = create_api()
    other.get("/v1/health")(anyone(view))
    return send(other.resolve, "reference.health", caller=None, **more)
