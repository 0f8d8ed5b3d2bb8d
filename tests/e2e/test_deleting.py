"""The orders of a deleted account stay, without personal data."""

import httpx

from tests.e2e.conftest import wait_until


def test_orders_of_a_deleted_account_lose_their_address(visitor, staff):
    account = {"email": "gone@example.com", "password": "correct horse battery"}
    visitor.post("/auth/register", account | {"name": "Ada Lovelace"})
    buyer = visitor.log_in(**account)
    order = buyer.place_order(staff.create_product(available=1)).json()

    refused = buyer.call("DELETE", "/me", json={"password": "wrong horse battery"})
    deleted = buyer.call("DELETE", "/me", json={"password": account["password"]})

    assert (refused.status_code, deleted.status_code) == (403, 204)
    assert visitor.post("/auth/login", account).status_code == 401

    def is_anonymized() -> bool:
        answer: httpx.Response = staff.get(f"/orders/{order['id']}")
        assert answer.json()["totals"] == order["totals"]
        return answer.json()["shipping_address"]["line1"] is None

    wait_until(is_anonymized)
    assert "Lovelace" not in staff.get(f"/orders/{order['id']}").text
