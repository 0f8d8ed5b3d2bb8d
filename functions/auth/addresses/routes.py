from typing import Any

from aws_lambda_powertools.event_handler import Response

from auth.addresses import service as addresses
from auth.addresses.schemas import AddressPatch, NewAddress, SavedAddressView
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.etags import ExpectedVersion
from shared.http.parameters import IdempotencyKey, IfMatch, IfNoneMatch
from shared.http.responses import created_response, no_content_response, ok_response
from shared.http.schemas import Page
from shared.security.permissions import Permission

routes = Routes()


@routes.get("/v1/me/addresses", tags=["Addresses"])
@requires(Permission.OWN_ACCOUNT)
def list_addresses() -> Page[SavedAddressView]:
    """List your addresses: the default first, then newest first."""
    entries = addresses.list_addresses(routes.caller)
    items = [SavedAddressView.from_book(entry.book, entry.address) for entry in entries]
    return Page(items=items, next_cursor=None)


@routes.post("/v1/me/addresses", status_code=201, tags=["Addresses"])
@requires(Permission.OWN_ACCOUNT)
def create_address(new: NewAddress, idempotency_key: IdempotencyKey) -> Response[SavedAddressView]:
    """Add an address to your address book.

    You can keep 20 addresses (409 `address_limit`). To use one in an order, send its fields as the
    order's `shipping_address`: later changes of the address do not change the order.
    """
    entry = addresses.create_address(routes.caller, new, idempotency_key)
    view = SavedAddressView.from_book(entry.book, entry.address)
    return created_response(
        view,
        version=view.version,
        location=f"/v1/me/addresses/{view.id}",
        idempotency_replayed="true" if entry.is_replay else "false",
    )


@routes.get("/v1/me/addresses/<address_id>", tags=["Addresses"])
@requires(Permission.OWN_ACCOUNT)
def get_address(address_id: str, if_none_match: IfNoneMatch = None) -> Response[SavedAddressView]:
    """Get one of your addresses."""
    entry = addresses.get_address(routes.caller, address_id)
    view = SavedAddressView.from_book(entry.book, entry.address)
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.patch("/v1/me/addresses/<address_id>", tags=["Addresses"])
@requires(Permission.OWN_ACCOUNT)
def update_address(
    address_id: str, patch: AddressPatch, if_match: IfMatch
) -> Response[SavedAddressView]:
    """Change one of your addresses, or make it the default.

    The changed address follows the rules of its country, also where you change the country alone.
    `is_default: false` is refused for the default (409 `default_address_required`): make another
    address the default instead.
    """
    expected = ExpectedVersion.parse(if_match)
    entry = addresses.update_address(routes.caller, address_id, patch, expected)
    view = SavedAddressView.from_book(entry.book, entry.address)
    return ok_response(view, version=view.version)


@routes.delete("/v1/me/addresses/<address_id>", status_code=204, tags=["Addresses"])
@requires(Permission.OWN_ACCOUNT)
def delete_address(address_id: str) -> Response[Any]:
    """Delete one of your addresses. After the default, the newest other one is the default."""
    addresses.delete_address(routes.caller, address_id)
    return no_content_response()
