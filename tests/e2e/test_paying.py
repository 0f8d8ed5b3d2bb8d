"""Orders and their money on the local stack: its payment provider tells of each payment itself."""

from uuid import uuid4

from tests.e2e.conftest import behaving, eventually, make_overdue, sweep
from tests.support.shop import ADDRESS


def test_an_order_is_paid_shipped_delivered_and_paid_back(staff, buyer, mails_to):
    tea = staff.product(available=5)
    order = buyer.order(tea, quantity=2).json()

    buyer.pay(order["id"])
    buyer.sees(order["id"], "paid")
    assert staff.act(order["id"], "ship", {"carrier": "DHL"}).status_code == 200
    assert staff.act(order["id"], "deliver").status_code == 200
    assert staff.act(order["id"], "refund").status_code == 202
    buyer.sees(order["id"], "refunded")

    assert staff.available(tea) == 3  # what was shipped is not in stock because it was paid back
    told = ("order at", "is paid", "on its way", "refund of EUR 20.00")
    eventually(lambda: len(mails_to(buyer.email)) == len(told) + 1)  # and a welcome
    subjects = [mail["subject"] for mail in mails_to(buyer.email)]
    assert all(any(it in subject for subject in subjects) for it in told), subjects


def test_a_card_that_is_declined_leaves_the_order_to_be_paid_with_another(staff, buyer):
    order = buyer.order(staff.product(available=1)).json()
    payment = buyer.start_payment(order["id"])

    assert buyer.confirm(payment, card="declined").json()["status"] == "awaiting"
    again = buyer.start_payment(order["id"])
    buyer.confirm(again)

    buyer.sees(order["id"], "paid")
    assert again["payment_id"] == payment["payment_id"]


def test_an_order_that_nobody_pays_in_time_gives_its_stock_back(stack, staff, buyer):
    tea = staff.product(available=5)
    order = buyer.order(tea, quantity=2).json()
    make_overdue(stack, order["id"])

    sweep(stack)

    assert buyer.status_of(order["id"]) == "expired"
    assert staff.available(tea) == 5
    refused = buyer.call("POST", f"/orders/{order['id']}/payment")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "order_status_conflict")


def test_what_is_paid_too_late_is_paid_back_by_itself(stack, staff, buyer):
    order = buyer.order(staff.product(available=1)).json()
    with behaving(stack, hold=True):
        buyer.pay(order["id"])
        make_overdue(stack, order["id"])
        sweep(stack)
        assert buyer.status_of(order["id"]) == "expired"

    def is_paid_back() -> bool:
        seen = staff.get(f"/staff/orders/{order['id']}").json()
        return [refund["status"] for refund in seen["refunds"]] == ["succeeded"]

    eventually(is_paid_back)
    assert buyer.status_of(order["id"]) == "expired"


def test_a_guest_pays_with_the_order_s_token_alone(staff, visitor):
    tea = staff.product(available=1)
    placed = visitor.post(
        "/guest/orders",
        {
            "email": f"{uuid4().hex}@example.com",
            "lines": [{"product_id": tea, "quantity": 1}],
            "shipping_address": ADDRESS,
        },
        **{"idempotency-key": uuid4().hex},
    ).json()

    visitor.pay(placed["id"], order_token=placed["order_token"])

    def seen() -> str:
        headers = {"order-token": placed["order_token"]}
        answer = visitor.call("GET", f"/guest/orders/{placed['id']}", headers=headers)
        return str(answer.json()["status"])

    eventually(lambda: seen() == "paid")
