"""Orders and payments on the local stack, whose payment provider sends its own webhooks."""

from uuid import uuid4

from tests.e2e.conftest import make_overdue, provider_behaviour, run_expiry, wait_until
from tests.support.shop import ADDRESS


def test_an_order_is_paid_shipped_delivered_and_refunded(staff, buyer, list_mails_to):
    tea = staff.create_product(available=5)
    order = buyer.place_order(tea, quantity=2).json()

    buyer.pay_order(order["id"])
    buyer.wait_for_status(order["id"], "paid")
    assert staff.call_order_action(order["id"], "ship", {"carrier": "DHL"}).status_code == 200
    assert staff.call_order_action(order["id"], "deliver").status_code == 200
    assert staff.call_order_action(order["id"], "refund").status_code == 202
    buyer.wait_for_status(order["id"], "refunded")

    assert staff.get_available(tea) == 3  # a refund does not restock shipped items
    expected = ("order at", "is paid", "on its way", "refund of EUR 20.00")
    welcome = 1
    wait_until(lambda: len(list_mails_to(buyer.email)) == len(expected) + welcome)
    subjects = [mail["subject"] for mail in list_mails_to(buyer.email)]
    assert all(any(text in subject for subject in subjects) for text in expected), subjects


def test_a_buyer_can_pay_after_a_declined_card(staff, buyer):
    order = buyer.place_order(staff.create_product(available=1)).json()
    payment = buyer.start_payment(order["id"])

    assert buyer.confirm_payment(payment, card="declined").json()["status"] == "awaiting"
    again = buyer.start_payment(order["id"])
    buyer.confirm_payment(again)

    buyer.wait_for_status(order["id"], "paid")
    assert again["payment_id"] == payment["payment_id"]


def test_an_unpaid_order_expires_and_returns_its_stock(stack, staff, buyer):
    tea = staff.create_product(available=5)
    order = buyer.place_order(tea, quantity=2).json()
    make_overdue(stack, order["id"])

    run_expiry(stack)

    assert buyer.get_order_status(order["id"]) == "expired"
    assert staff.get_available(tea) == 5
    refused = buyer.call("POST", f"/orders/{order['id']}/payment")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "order_status_conflict")


def test_a_late_payment_is_refunded_automatically(stack, staff, buyer):
    order = buyer.place_order(staff.create_product(available=1)).json()
    with provider_behaviour(stack, hold=True):
        buyer.pay_order(order["id"])
        make_overdue(stack, order["id"])
        run_expiry(stack)
        assert buyer.get_order_status(order["id"]) == "expired"

    def is_refunded() -> bool:
        staff_order = staff.get(f"/staff/orders/{order['id']}").json()
        return [refund["status"] for refund in staff_order["refunds"]] == ["succeeded"]

    wait_until(is_refunded)
    assert buyer.get_order_status(order["id"]) == "expired"


def test_a_guest_pays_with_only_the_order_s_token(staff, visitor):
    tea = staff.create_product(available=1)
    placed = visitor.post(
        "/guest/orders",
        {
            "email": f"{uuid4().hex}@example.com",
            "lines": [{"product_id": tea, "quantity": 1}],
            "shipping_address": ADDRESS,
        },
        **{"idempotency-key": uuid4().hex},
    ).json()

    visitor.pay_order(placed["id"], order_token=placed["order_token"])

    def get_status() -> str:
        headers = {"order-token": placed["order_token"]}
        answer = visitor.call("GET", f"/guest/orders/{placed['id']}", headers=headers)
        return str(answer.json()["status"])

    wait_until(lambda: get_status() == "paid")
