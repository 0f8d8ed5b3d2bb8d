"""The export has an account's cart, and the deletion of the account deletes it."""

import pytest

from shared.storage.models.carts import Cart
from tests.support import shop
from tests.support.accounts import PASSWORD, authorize, call, get_tokens, register
from tests.support.aws_calls import on_each_call
from tests.support.carts import new_guest_cart, stored, update_cart
from tests.support.http import Answer, Caller

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def ada() -> Caller:
    return Caller(register().body["id"])


@pytest.fixture
def token(ada: Caller) -> str:
    assert ada
    return str(get_tokens()["access_token"])


def delete(token: str) -> Answer:
    return call("me.delete", token, {"password": PASSWORD})


def test_an_export_has_the_cart(ada, token):
    tea = shop.product("tea", available=3)
    update_cart((tea, 2), caller=ada)

    cart = call("me.export", token).body["cart"]

    assert cart["lines"] == [
        {
            "product_id": tea.product_id,
            "sku": "tea",
            "name": "The tea",
            "quantity": 2,
            "price": {"amount_minor": 1000, "currency": "EUR"},
        }
    ]
    assert cart["updated_at"] < cart["expires_at"]


def test_an_export_without_a_cart_has_null(token):
    assert call("me.export", token).body["cart"] is None


def test_only_the_first_page_has_the_cart(ada, token):
    update_cart((shop.product("tea"), 1), caller=ada)
    for _ in range(60):
        get_tokens()

    first = call("me.export", token).body
    second = call("me.export", token, query={"cursor": first["next_cursor"]}).body

    assert first["cart"]["lines"]
    assert second["cart"] is None


def test_a_deletion_deletes_the_cart_and_no_other(ada, token):
    tea = shop.product("tea")
    update_cart((tea, 1), caller=ada)
    new_guest_cart((tea, 1))

    assert delete(token).status == 204

    assert stored(ada.user_id) is None
    assert Cart.count() == 1


def test_a_change_that_a_deletion_overtakes_leaves_no_cart(ada, token):
    tea = shop.product("tea")
    update_cart((tea, 1), caller=ada)
    overtaken: list[int] = []

    def delete_before_the_write(operation: str) -> None:
        if operation == "TransactWriteItems" and not overtaken:
            overtaken.append(1)
            assert delete(token).status == 204

    with on_each_call("before-call", delete_before_the_write):
        answer = update_cart((tea, 2), caller=ada)

    assert (answer.status, answer.code) == (401, "session_ended")
    assert stored(ada.user_id) is None


def test_a_token_of_a_deleted_account_gets_no_cart(token):
    context = authorize(token)
    delete(token)

    answer = update_cart((shop.product("tea"), 1), caller=context)

    assert answer.code == "session_ended"
    assert Cart.count() == 0
