"""Pure: what the export of an account contains of an order."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from auth.privacy.order_documents import document_from_order
from shared.storage.models.orders import (
    Order,
    OrderCancellation,
    OrderDispute,
    OrderLine,
    OrderNote,
    OrderPayment,
    OrderPromotion,
    OrderRefund,
    OrderReturn,
    OrderShipment,
    OrderStep,
    OrderTax,
    OrderTotals,
    ShippingAddress,
)

BUYER, GUEST, STAFF = "usr_ada", "gst_ada", "usr_staff"
PLACED = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
PLACED_TEXT = "2026-11-27T12:30:00Z"
INTERNAL = "internal-canary"

EXPORTED = {
    "order_id",
    "status",
    "currency",
    "lines",
    "totals",
    "tax_included",
    "promotion",
    "shipping_address",
    "guest_email",
    "payment",
    "refunds",
    "shipments",
    "shipment",
    "cancellations",
    "history",
    "placed_at",
    "expires_at",
}
# Keys of indexes, bookkeeping, and what staff wrote. `returned` of a line says what was returned.
NOT_EXPORTED = {
    "buyer_id",
    "placed_month",
    "awaits",
    "holds_json",
    "own_hold",
    "settlement",
    "settlement_due_at",
    "disputes",
    "returns",
    "notes",
    "fingerprint",
    "request_id",
    "awaits_anonymization",
    "version",
}


def euros(amount_minor: int) -> dict:
    return {"amount_minor": amount_minor, "currency": "EUR"}


VAT = {"name": "VAT", "rate_ppm": 70_000, "amount": euros(126)}


def order_with_everything() -> Order:
    return Order(
        "ord_one",
        buyer_id=BUYER,
        guest_email="ada@example.com",
        status="refunded",
        currency="EUR",
        lines=[
            OrderLine(
                product_id="prd_tea",
                sku="TEA",
                name="Tea",
                quantity=2,
                unit_price_minor=1000,
                line_total_minor=2000,
                discount_minor=200,
                tax_class="food",
                tax_rate_ppm=70_000,
                tax_minor=126,
                taxes=[OrderTax(name="VAT", rate_ppm=70_000, amount_minor=126)],
                allocations_json={INTERNAL: 2},
                returned=1,
                cancelled=1,
            )
        ],
        totals=OrderTotals(
            items_minor=2000,
            discount_minor=200,
            shipping_minor=490,
            tax_minor=126,
            taxes=[OrderTax(name="VAT", rate_ppm=70_000, amount_minor=126)],
            total_minor=2416,
        ),
        tax_included=True,
        promotion=OrderPromotion(code="TEATIME", name="Tea", is_counted=True, counted_for=INTERNAL),
        shipping_address=ShippingAddress(
            name="Ada Lovelace",
            line1="12 St James's Square",
            line2="Top floor",
            postal_code="SW1Y 4JH",
            city="London",
            region="Greater London",
            country="GB",
            company="Analytical Engines",
            phone="+44 20 7946 0958",
        ),
        history=[
            OrderStep(status="pending_payment", at=PLACED, by=GUEST),
            OrderStep(status="paid", event="paid_late", at=PLACED, by="payments"),
            OrderStep(status="cancelled", at=PLACED, by=BUYER, reason="I changed my mind"),
            OrderStep(status="refunded", at=PLACED, by=STAFF, reason="words of staff"),
        ],
        placed_at=PLACED,
        placed_month=INTERNAL,
        awaits=INTERNAL,
        expires_at=PLACED + timedelta(hours=1),
        settlement=INTERNAL,
        settlement_due_at=PLACED,
        disputes=[
            OrderDispute(
                dispute_id=INTERNAL,
                amount_minor=2416,
                status=INTERNAL,
                reason=INTERNAL,
                reported_at=PLACED,
            )
        ],
        payment=OrderPayment(
            provider=INTERNAL,
            payment_id=INTERNAL,
            status="captured",
            captured_minor=2000,
            manual_minor=416,
            reference="words of staff",
        ),
        refunds=[
            OrderRefund(
                refund_id="ref_one",
                amount_minor=2416,
                status="succeeded",
                reason="words of staff",
                by=STAFF,
                at=PLACED,
                provider_refund_id=INTERNAL,
                fingerprint=INTERNAL,
            )
        ],
        returns=[
            OrderReturn(
                return_id=INTERNAL,
                quantities_json={"prd_tea": 1},
                reason="words of staff",
                by=STAFF,
                at=PLACED,
                fingerprint=INTERNAL,
            )
        ],
        shipments=[
            OrderShipment(
                carrier="Royal Mail",
                tracking_number="RM1",
                tracking_url="https://mail.example/RM1",
                shipment_id="shp_one",
                quantities_json={"prd_tea": 1},
                by=STAFF,
                at=PLACED,
                fingerprint=INTERNAL,
                version=1,
            )
        ],
        shipment=OrderShipment(carrier="Royal Mail", tracking_number="RM1"),
        cancellations=[
            OrderCancellation(
                cancellation_id="cnl_one",
                quantities_json={"prd_tea": 1},
                amount_minor=900,
                tax_minor=63,
                taxes=[OrderTax(name="VAT", rate_ppm=70_000, amount_minor=63)],
                refund_id="ref_one",
                reason="words of staff",
                by=STAFF,
                at=PLACED,
                fingerprint=INTERNAL,
            )
        ],
        notes=[OrderNote(text="words of staff", by=STAFF, at=PLACED)],
        fingerprint=INTERNAL,
        version=7,
    )


def test_the_document_has_everything_about_the_buyer():
    document = document_from_order(order_with_everything())

    assert document == {
        "id": "ord_one",
        "status": "refunded",
        "currency": "EUR",
        "lines": [
            {
                "product_id": "prd_tea",
                "sku": "TEA",
                "name": "Tea",
                "quantity": 2,
                "returned": 1,
                "cancelled": 1,
                "unit_price": euros(1000),
                "line_total": euros(2000),
                "discount": euros(200),
                "tax": euros(126),
                "tax_class": "food",
                "tax_rate_ppm": 70_000,
                "taxes": [VAT],
                "stock_policy": "tracked",
                "backordered": 0,
            }
        ],
        "totals": {
            "items": euros(2000),
            "discount": euros(200),
            "shipping": euros(490),
            "tax": euros(126),
            "taxes": [VAT],
            "total": euros(2416),
        },
        "tax_included": True,
        "promotion_code": "TEATIME",
        "promotion_name": "Tea",
        "shipping_address": {
            "name": "Ada Lovelace",
            "company": "Analytical Engines",
            "line1": "12 St James's Square",
            "line2": "Top floor",
            "postal_code": "SW1Y 4JH",
            "city": "London",
            "region": "Greater London",
            "country": "GB",
            "phone": "+44 20 7946 0958",
        },
        "guest_email": "ada@example.com",
        "payment": {"status": "captured", "captured": euros(2000), "manual": euros(416)},
        "refunds": [
            {"id": "ref_one", "amount": euros(2416), "status": "succeeded", "at": PLACED_TEXT}
        ],
        "shipments": [
            {
                "id": "shp_one",
                "lines": [{"product_id": "prd_tea", "quantity": 1}],
                "carrier": "Royal Mail",
                "tracking_number": "RM1",
                "tracking_url": "https://mail.example/RM1",
                "at": PLACED_TEXT,
            }
        ],
        "shipment": {"carrier": "Royal Mail", "tracking_number": "RM1"},
        "cancellations": [
            {
                "id": "cnl_one",
                "lines": [{"product_id": "prd_tea", "quantity": 1}],
                "amount": euros(900),
                "tax": euros(63),
                "taxes": [VAT | {"amount": euros(63)}],
                "at": PLACED_TEXT,
            }
        ],
        "history": [
            step("pending_payment", "buyer"),
            step("paid", "shop", event="paid_late"),
            step("cancelled", "buyer", reason="I changed my mind"),
            step("refunded", "shop"),
        ],
        "placed_at": PLACED_TEXT,
        "expires_at": "2026-11-27T13:30:00Z",
    }


def step(status: str, by: str, *, event: str | None = None, reason: str | None = None) -> dict:
    return {"status": status, "event": event, "at": PLACED_TEXT, "by": by, "reason": reason}


@pytest.mark.parametrize("hidden", [STAFF, "words of staff", INTERNAL, '"version"', "gst_"])
def test_the_document_has_nothing_of_staff_or_internals(hidden):
    assert hidden not in json.dumps(document_from_order(order_with_everything()))


def test_every_stored_attribute_is_exported_or_kept_back():
    """A new attribute fails this test until somebody decides whether it is about the buyer."""
    assert set(Order.get_attributes()) == EXPORTED | NOT_EXPORTED
    assert EXPORTED.isdisjoint(NOT_EXPORTED)


def test_an_order_may_lack_what_is_optional():
    order = order_with_everything()
    order.promotion = order.payment = order.shipment = order.expires_at = None
    order.guest_email = order.shipping_address.line2 = order.shipping_address.region = None
    order.refunds = []

    document = document_from_order(order)

    assert [document[name] for name in ("promotion_code", "payment", "shipment")] == [None] * 3
    assert (document["expires_at"], document["guest_email"]) == (None, None)
    assert document["refunds"] == []


def test_times_are_written_in_utc():
    order = order_with_everything()
    order.placed_at = PLACED.astimezone(timezone(timedelta(hours=5, minutes=30)))

    assert document_from_order(order)["placed_at"] == PLACED_TEXT
