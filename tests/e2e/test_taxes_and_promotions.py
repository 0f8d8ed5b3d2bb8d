"""Several taxes and an automatic promotion on the local stack: quote, order, event and mail."""

from uuid import uuid4

import pytest

from tests.e2e.conftest import wait_until

QUEBEC = {
    "country": "CA",
    "region": "QC",
    "prices_include_tax": False,
    "taxes": [
        {"name": "GST", "rates": {"standard": 50_000}},
        {"name": "QST", "rates": {"standard": 99_750}},
    ],
}
ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "1200 Rue Sherbrooke Ouest",
    "postal_code": "H3A 1H6",
    "city": "Montréal",
    "region": "QC",
    "country": "CA",
}


@pytest.mark.usefixtures("restored_rates")
def test_an_order_has_its_taxes_and_its_automatic_promotion(staff, buyer, list_mails_to):
    name = f"Sale {uuid4().hex[:8]}"
    tea = staff.create_product(available=5, price={"amount_minor": 1_122, "currency": "EUR"})
    rates = {"destinations": [QUEBEC]}
    staff.call("PUT", "/tax-rates", json=rates, headers={"if-match": "*"})
    promotion = staff.post(
        "/promotions",
        {
            "is_automatic": True,
            "name": name,
            "kind": "percent",
            "percent": 9.98,
            "applies_to": {"product_ids": [tea]},
        },
    ).json()
    order = {"lines": [{"product_id": tea, "quantity": 1}], "shipping_address": ADDRESS}

    quoted = buyer.post("/orders/quote", order).json()
    total = quoted["totals"]["total"]
    placed = buyer.post(
        "/orders", order | {"quoted_total": total}, **{"idempotency-key": uuid4().hex}
    )

    staff.call(
        "PATCH",
        f"/promotions/{promotion['code']}",
        json={"is_active": False},
        headers={"if-match": "*"},
    )
    assert placed.status_code == 201, placed.text
    totals = placed.json()["totals"]
    taxes = {
        tax["name"]: tax["amount"]["amount_minor"] for tax in placed.json()["lines"][0]["taxes"]
    }
    assert totals["discount"]["amount_minor"] == 112
    assert taxes == {"GST": 51, "QST": 101}
    assert totals == quoted["totals"]
    wait_until(lambda: any("order at" in mail["subject"] for mail in list_mails_to(buyer.email)))
    (mail,) = [mail for mail in list_mails_to(buyer.email) if "order at" in mail["subject"]]
    for text in (f"Discount ({name}): -EUR 1.12", "GST 5 %: EUR 0.51", "QST 9.975 %: EUR 1.01"):
        assert text in mail["text"], mail["text"]
