"""What a shop brings, on the local stack: its SKUs, its addresses, its parcels, its buyers."""

from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.conftest import (
    Shop,
    list_mails,
    run_concurrently,
    wait_for_mailed_token,
    wait_until,
)
from tests.support.shop import ADDRESS

KOWLOON = {
    "name": "陳大文",
    "company": "Engines Ltd",
    "line1": "1 Nathan Road",
    "city": "Mong Kok",
    "region": "九龍",
    "country": "HK",
    "phone": "+852 2123 4567",
}
MONTREAL = {
    "name": "Ada Lovelace",
    "line1": "1200 Rue Sherbrooke Ouest",
    "postal_code": "h3a1h6",
    "city": "Montréal",
    "region": "QUEBEC",
    "country": "CA",
}


def place(shop: Shop, *lines: tuple[str, int], path: str = "/orders", **more: Any) -> Any:
    body = {
        "lines": [{"product_id": product, "quantity": units} for product, units in lines],
        "shipping_address": ADDRESS,
    }
    answer = shop.post(path, body | more, **{"idempotency-key": uuid4().hex})
    assert answer.status_code == 201, answer.text
    return answer.json()


def send_parcel(staff: Shop, order_id: str, number: str, **units: int) -> Any:
    lines = [{"product_id": product, "quantity": count} for product, count in units.items()]
    body = {"carrier": "DHL", "tracking_number": number} | ({"lines": lines} if lines else {})
    path = f"/staff/orders/{order_id}/shipments"
    answer = staff.post(path, body, **{"idempotency-key": uuid4().hex})
    assert answer.status_code == 201, answer.text
    return answer.json()


def wait_for_mail(stack, address: str, text: str) -> str:
    """The text of the mail that has this text."""

    def found() -> list[str]:
        return [mail["text"] for mail in list_mails(stack, address) if text in mail["text"]]

    wait_until(lambda: bool(found()))
    return found()[0]


def test_an_order_goes_out_in_parcels_and_the_rest_is_paid_back(stack, staff, buyer):
    token = wait_for_mailed_token(stack, buyer.email)  # an unconfirmed address gets few mails
    assert buyer.post("/auth/verify-email", {"token": token}).status_code == 204
    tea = staff.create_product(available=5, name="Green tea")
    cup = staff.create_product(available=5, name="Blue cup")
    order = place(buyer, (tea, 2), (cup, 2))
    buyer.pay_order(order["id"])
    buyer.wait_for_status(order["id"], "paid")

    first = send_parcel(staff, order["id"], "PARCEL-1", **{tea: 1, cup: 1})
    mail = wait_for_mail(stack, buyer.email, "PARCEL-1")
    second = send_parcel(staff, order["id"], "PARCEL-2", **{tea: 1})
    cancelled = staff.post(
        f"/staff/orders/{order['id']}/cancellations",
        {"reason": "Broken in the warehouse"},
        **{"idempotency-key": uuid4().hex},
    )

    assert [answer["status"] for answer in (first, second)] == ["partially_shipped"] * 2
    assert "1 x Green tea" in mail
    assert "1 x Blue cup" in mail
    assert "Green tea" in wait_for_mail(stack, buyer.email, "PARCEL-2")
    assert cancelled.status_code == 201, cancelled.text
    seen = buyer.get(f"/orders/{order['id']}").json()
    assert (seen["status"], len(seen["shipments"])) == ("shipped", 2)
    assert [(line["shipped"], line["cancelled"]) for line in seen["lines"]] == [(2, 0), (1, 1)]
    wait_until(
        lambda: (
            buyer.get(f"/orders/{order['id']}").json()["payment"]["refunded"]["amount_minor"]
            == 1000
        )
    )
    assert buyer.get_available(cup) == 4
    assert "Blue cup" in wait_for_mail(stack, buyer.email, "cancel")


def test_two_packers_do_not_ship_one_unit_twice(staff, buyer):
    tea = staff.create_product(available=3)
    order = place(buyer, (tea, 3))
    assert staff.call_order_action(order["id"], "mark-paid", {"reference": "cash"}).is_success
    path, line = f"/staff/orders/{order['id']}/shipments", {"product_id": tea, "quantity": 2}

    answers = run_concurrently(
        [
            lambda: staff.post(
                path, {"carrier": "DHL", "lines": [line]}, **{"idempotency-key": uuid4().hex}
            )
        ]
        * 4
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    refused = next(answer.json()["error"] for answer in answers if answer.status_code == 409)
    assert (refused["code"], refused["details"]["lines"][0]["open"]) == (
        "open_quantity_exceeded",
        1,
    )


@pytest.mark.parametrize(
    "sku",
    ['TEST3/4"', "123456 Oaktree", "Größe 42+#/?&=%", "茶-１", "a,b;c'd\\e", "<b>&amp;</b>"],
)
def test_skus_are_kept_and_found_as_shops_write_them(staff, visitor, sku):
    unique = f"{sku} {uuid4().hex[:8]}"
    product_id = staff.create_product(sku=f"  {unique} ")
    price = {"amount_minor": 1, "currency": "EUR"}

    found = staff.get("/staff/products", sku=unique.swapcase()).json()["items"]
    taken = staff.post("/products", {"sku": unique.upper(), "name": "Other", "price": price})

    assert [(item["id"], item["sku"]) for item in found] == [(product_id, unique)]
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "sku_taken")
    wait_until(lambda: bool(visitor.get("/products", sku=unique).json()["items"]))


def test_a_checkout_asks_for_what_the_country_has(visitor, staff, buyer):
    tea = staff.create_product(available=5)

    countries = {each["code"] for each in visitor.get("/countries").json()["items"]}
    hong_kong = visitor.get("/countries/HK").json()
    order = place(buyer, (tea, 1), shipping_address=KOWLOON)
    without = {name: value for name, value in KOWLOON.items() if name not in ("region", "city")}
    body = {"lines": [{"product_id": tea, "quantity": 1}], "shipping_address": without}
    refused = buyer.post("/orders", body, **{"idempotency-key": uuid4().hex})

    assert {"HK", "DE", "JP"} <= countries
    assert "postal_code" not in {field["name"] for field in hong_kong["fields"]}
    assert order["shipping_address"]["name"] == "陳大文"
    assert order["shipping_address"]["postal_code"] is None
    (problem,) = refused.json()["error"]["details"]["fields"]
    assert problem["path"] == "body.shipping_address.region"


@pytest.mark.usefixtures("restored_rates")
def test_a_region_decides_the_tax_by_its_code(staff, buyer):
    tea = staff.create_product(available=5, price={"amount_minor": 1010, "currency": "EUR"})
    tax = [{"name": "QST", "rates": {"standard": 99_750}}]
    quebec = {"country": "CA", "region": "CA-QC", "prices_include_tax": False, "taxes": tax}
    rates = {"destinations": [quebec]}
    assert staff.call("PUT", "/tax-rates", json=rates, headers={"if-match": "*"}).is_success

    order = place(buyer, (tea, 1), shipping_address=MONTREAL)
    body = {"lines": [{"product_id": tea, "quantity": 1}]}
    unknown = buyer.post("/orders/quote", body | {"shipping_address": {"country": "CA"}})
    untaxed = buyer.post("/orders/quote", body | {"shipping_address": {"country": "FR"}})

    assert order["totals"]["total"]["amount_minor"] == 1111  # 1010 + 100.75, half up
    assert order["shipping_address"]["region_code"] == "CA-QC"
    assert order["shipping_address"]["postal_code"] == "H3A 1H6"
    assert unknown.json()["error"]["code"] == "unknown_region"
    assert {"code": "CA-QC", "name": "Quebec"} in unknown.json()["error"]["details"]["regions"]
    assert untaxed.json()["error"]["code"] == "no_tax_rate"


def test_staff_give_a_guest_s_order_to_the_right_address(stack, staff, visitor):
    tea = staff.create_product(available=5)
    right = f"{uuid4().hex}@example.com"
    order = place(visitor, (tea, 1), path="/guest/orders", email=f"{uuid4().hex}@example.com")

    changed = staff.call(
        "PUT",
        f"/staff/orders/{order['id']}/buyer",
        json={"email": right},
        headers={"if-match": "*"},
    )
    text = wait_for_mail(stack, right, "in your name")
    token = text.partition("token=")[2].split()[0]

    assert changed.status_code == 200, changed.text
    path = f"/guest/orders/{order['id']}"
    by_token = {
        name: visitor.call("GET", path, headers={"order-token": each}).status_code
        for name, each in (("old", order["order_token"]), ("new", token))
    }
    assert by_token == {"old": 404, "new": 200}
    visitor.pay_order(order["id"], order_token=token)
    wait_until(lambda: staff.get_order_status(order["id"]) == "paid")
    refused = staff.call(
        "PUT",
        f"/staff/orders/{order['id']}/buyer",
        json={"email": "other@example.com"},
        headers={"if-match": "*"},
    )
    assert refused.json()["error"]["code"] == "order_status_conflict"


def test_an_order_moves_from_one_account_to_another(staff, visitor, buyer):
    tea = staff.create_product(available=5)
    other = visitor.register()
    order = place(buyer, (tea, 1))
    body = {"user_id": other.get("/me").json()["id"]}

    answers = run_concurrently(
        [
            lambda: staff.call(
                "PUT",
                f"/staff/orders/{order['id']}/buyer",
                json=body,
                headers={"if-match": "*"},
            )
        ]
        * 4
    )

    assert {answer.status_code for answer in answers} == {200}, [each.text for each in answers]
    assert buyer.get(f"/orders/{order['id']}").status_code == 404
    wait_until(
        lambda: [each["id"] for each in other.get("/orders").json()["items"]] == [order["id"]]
    )
    wait_until(lambda: buyer.get("/orders").json()["items"] == [])
    history = staff.get(f"/staff/orders/{order['id']}").json()["history"]
    assert [step["event"] for step in history] == [None, "buyer_changed"]
