"""An order uses the prices that were checked, all before or all after an edit, or is refused.

Each edit runs whole between any two AWS calls of placing the order.
"""

from collections.abc import Callable
from typing import Any

import pytest

from orders.handler import handler
from shared import retries
from shared.storage.models.catalog import Product, Stock
from shared.storage.models.orders import Order
from shared.storage.models.pricing import PROMOTIONS, Promotion
from tests.support import pricing, shop
from tests.support.catalog import edit_product, patch_product
from tests.support.http import Answer, send
from tests.support.interleaving import each_interleaving

pytestmark = pytest.mark.usefixtures("aws")

# Products that are not on sale any more, or in two currencies; another total; no shipping there.
REFUSALS = (409, 422)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(retries, "pause", lambda _: None)


class Cart:
    """Two products, a promotion and rates of its own. Five units are in eight shards."""

    def __init__(self, place: int) -> None:
        self.tea = shop.product(f"TEA-{place}", available=8)
        self.cup = shop.product(f"CUP-{place}", available=8, price_minor=700)
        patch_product(self.tea.product_id, {"stock_shards": 8})
        pricing.store_tax_rates(pricing.destination("GB"))
        pricing.store_shipping_rates(pricing.zone("GB"))
        pricing.promotion(self.code)

    code = "SPRING"

    @property
    def body(self) -> dict[str, Any]:
        return {
            "lines": [shop.line(self.tea, 5), shop.line(self.cup, 1)],
            "promotion_code": self.code,
        }

    def quote(self) -> Answer:
        address = {"country": "GB"}
        return send(handler, "orders.quote", body=self.body | {"shipping_address": address})

    def place(self, **more: Any) -> Answer:
        body = self.body | {"shipping_address": shop.ADDRESS} | more
        return send(handler, "orders.place", body=body, headers={"idempotency-key": self.tea.sku})


def delete_tea(cart: Cart) -> None:
    """No route does this; an operator's mistake, or a restored backup, does."""
    Product(cart.tea.product_id).delete()


def patch_tea(**changes: Any) -> Callable[[Cart], object]:
    return lambda cart: patch_product(cart.tea.product_id, changes)


def patch_both(changes: dict[str, Any]) -> Callable[[Cart], object]:
    return lambda cart: [
        patch_product(product.product_id, changes) for product in (cart.tea, cart.cup)
    ]


def change_promotion(*actions: Any) -> Callable[[Cart], object]:
    return lambda cart: Promotion(PROMOTIONS, cart.code).update(
        [*actions, Promotion.version.add(1)]
    )


EDITS: dict[str, Callable[[Cart], object]] = {
    "price": patch_tea(price={"amount_minor": 1500}),
    "price of both": patch_both({"price": {"amount_minor": 900}}),
    "name": patch_tea(name="Better tea"),
    "tax class": patch_tea(tax_class="reduced"),
    "archive": lambda cart: edit_product("archive", cart.tea.product_id),
    "delete": delete_tea,
    "currency": patch_tea(price={"currency": "USD"}),
    "currency of both": patch_both({"price": {"currency": "USD"}}),
    "currency and price": patch_tea(price={"amount_minor": 1, "currency": "JPY"}),
    "reshard": patch_tea(stock_shards=2),
    "reshard and price": patch_tea(stock_shards=1, price={"amount_minor": 1500}),
    "tax rates": lambda _: pricing.store_tax_rates(
        pricing.destination("GB", rates={"standard": 50_000})
    ),
    "shipping rates": lambda _: pricing.store_shipping_rates(
        pricing.zone("GB", steps=[{"from_minor": 0, "price_minor": 990}])
    ),
    "promotion": change_promotion(Promotion.percent.set(50)),
    "end of the promotion": change_promotion(Promotion.is_active.set(False)),
}


def prices_of(body: dict[str, Any]) -> Any:
    names = ("product_id", "name", "quantity", "unit_price", "discount", "tax", "tax_class")
    lines = [{name: line[name] for name in names} for line in body["lines"]]
    return lines, body["totals"], body["promotion_code"]


def runs_of(edit: str, **more: Any) -> list[tuple[Answer, Answer, Answer]]:
    """For each place of the edit: the quote before it, the quote after it, and the answer.

    The last run is without the edit.
    """
    answers: dict[int, list[Answer]] = {}

    def prepare(place: int) -> tuple[Callable[[], object], Callable[[], object]]:
        cart = Cart(place)
        run = answers[place] = [cart.quote()]
        if "quoted_total" in more:
            more["quoted_total"] = run[0].body["totals"]["total"]
        run.append(run[0])

        def change() -> None:
            EDITS[edit](cart)
            run[1] = cart.quote()

        return lambda: run.append(cart.place(**more)), change

    places = list(each_interleaving(prepare))
    assert len(places) >= 2
    return [(*run,) for run in answers.values()]


@pytest.mark.parametrize("edit", EDITS)
def test_prices_are_never_a_mix(edit):
    for before, after, answer in runs_of(edit):
        if answer.status == 201:
            quotes = [prices_of(quote.body) for quote in (before, after) if quote.status == 200]
            assert prices_of(answer.body) in quotes
        else:
            assert answer.status in REFUSALS, answer


@pytest.mark.parametrize("edit", ["price", "tax rates", "promotion", "currency of both"])
def test_a_quoted_total_is_what_the_buyer_pays(edit):
    for before, _, answer in runs_of(edit, quoted_total=None):
        if answer.status == 201:
            assert answer.body["totals"]["total"] == before.body["totals"]["total"]
        else:
            assert answer.status in REFUSALS, answer


@pytest.mark.parametrize("edit", ["archive", "currency", "end of the promotion"])
def test_a_refused_order_takes_nothing(edit):
    answers = [answer for *_, answer in runs_of(edit)]
    placed = [answer for answer in answers if answer.status == 201]

    assert len(placed) < len(answers)
    assert Order.count() == len(placed)
    assert sum(item.allocated for item in Stock.scan()) == 6 * len(placed)
