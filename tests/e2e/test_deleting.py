"""Who deletes their account leaves orders behind, and nothing personal in them."""

import httpx

from tests.e2e.conftest import eventually


def test_a_deleted_account_leaves_its_orders_without_an_address(visitor, staff):
    account = {"email": "gone@example.com", "password": "correct horse battery"}
    visitor.post("/auth/register", account | {"name": "Ada Lovelace"})
    buyer = visitor.logged_in(**account)
    order = buyer.order(staff.product(available=1)).json()

    wrong = buyer.call("DELETE", "/me", json={"password": "wrong horse battery"})
    done = buyer.call("DELETE", "/me", json={"password": account["password"]})

    assert (wrong.status_code, done.status_code) == (403, 204)
    assert visitor.post("/auth/login", account).status_code == 401

    def is_erased() -> bool:
        kept: httpx.Response = staff.get(f"/orders/{order['id']}")
        assert kept.json()["totals"] == order["totals"]
        return kept.json()["shipping_address"]["line1"] is None

    eventually(is_erased)
    assert "Lovelace" not in staff.get(f"/orders/{order['id']}").text
