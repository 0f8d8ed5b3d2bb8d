"""How many orders a second one product takes, with the code that places orders, in virtual time.

DynamoDB refuses a transaction that meets another one at an item (`benchmarks.contended_items`).
Orders arrive by chance at a given rate, whatever becomes of those before them. Each is another
buyer's, in a thread of its own, as if each function instance had one request. It takes minutes, so
`make bench` leaves it out: `python -m benchmarks hot_product`.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from benchmarks.aws_calls import empty_account
from benchmarks.contended_items import ContendedItems
from benchmarks.report import Row
from benchmarks.virtual_threads import VirtualThreads
from orders.checkout import service as orders
from orders.checkout.schemas import OrderRequest
from shared import request_budget
from shared.errors.base import AppError
from shared.http.authorization import Client
from shared.security.permissions import Principal, Role, permissions_of
from shared.storage import rate_limits
from shared.storage.models.catalog import Stock
from shared.storage.models.orders import Order
from shared.storage.stock_shards import shard_key
from shared.storage.write_sharding import divide_evenly
from tests.histories.aws_calls import AwsCalls, intercepted
from tests.support import fast_moto, pricing, shop

HOLDS_MS = (5, 10, 20)
SHARDS = (1, 2, 4, 8, 16)
UNAVAILABLE_MAX = 0.01  # a rate is sustained if at most this share of the orders gets 503
# Tried rates, as shares of what the shards would take if transactions came one after another.
LOADS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)
WARM_UP_SECONDS = 0.7  # until as many orders are in their retries as later on
MEASURED_SECONDS = 1.3
MEASURED_ORDERS = 500  # at least
PLENTY = 1_000_000
PROMOTION = "SALE"
_CUSTOMER = permissions_of(frozenset({Role.CUSTOMER}))


@dataclass(frozen=True)
class Sale:
    """One product on sale, and what its buyers share beside it."""

    orders_per_second: float
    shards: int = 1
    hold_ms: float = 10  # how long a transaction holds its items
    units: int | None = None  # None: more than anybody buys, and nothing is stored
    has_limited_code: bool = False  # every buyer uses one promotion code with `uses_max`
    has_one_network: bool = False  # as behind a company's proxy
    seed: int = 1

    @property
    def seconds(self) -> float:
        return WARM_UP_SECONDS + max(MEASURED_SECONDS, MEASURED_ORDERS / self.orders_per_second)

    def arrivals(self) -> list[float]:
        """A Poisson process: buyers know nothing of each other."""
        chance = random.Random(self.seed)  # noqa: S311 (no secret)
        at, arrivals = 0.0, []
        while (at := at + chance.expovariate(self.orders_per_second)) < self.seconds:
            arrivals.append(at)
        return arrivals

    def address(self, buyer: int) -> str:
        own = f"10.{buyer >> 16}.{buyer >> 8 & 255}.{buyer & 255}"
        return "203.0.113.1" if self.has_one_network else own


@dataclass
class Outcome:
    """What became of the orders; the first two leave the warm-up out."""

    codes: Counter[str] = field(default_factory=Counter)  # `placed`, or the code of the refusal
    latencies: list[float] = field(default_factory=list)  # seconds, of placed orders
    all_codes: Counter[str] = field(default_factory=Counter)
    attempts: int = 0  # transactions, refused ones too
    refusals: Counter[str] = field(default_factory=Counter)  # of transactions, by reason
    sold: int = 0  # units in stored orders
    left: int = 0  # units in stock

    @property
    def unavailable(self) -> float:
        """The share of the orders that got 503."""
        return self.codes["unavailable"] / max(self.codes.total(), 1)

    def latency_ms(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return 1000 * ordered[int(share * (len(ordered) - 1))] if ordered else 0.0

    def __str__(self) -> str:
        return (
            f"503 {self.unavailable:.1%}, p50 {self.latency_ms(0.5):.0f} ms, "
            f"p99 {self.latency_ms(0.99):.0f} ms"
        )


def rows() -> list[Row]:
    fast_moto.install()
    return list(_rows())


def _rows() -> Iterator[Row]:
    for hold_ms in HOLDS_MS:
        for shards in SHARDS:
            sale = Sale(0, shards, hold_ms)
            yield _sustained_row(f"{shards} shards, {hold_ms} ms", sale)
    for shards in (1, 16):
        sale = Sale(0, shards, has_limited_code=True)
        yield _sustained_row(f"one limited code, {shards} shards, 10 ms", sale, width=1)
    sale = Sale(0, 16, has_one_network=True)
    yield _sustained_row("one network, 16 shards, 10 ms", sale, width=8)


def _sustained_row(name: str, sale: Sale, width: int | None = None) -> Row:
    """`width`: the number of items that the narrowest of the buyers' counters has."""
    rate, outcome = find_sustained(sale, width or sale.shards)
    return Row(f"hot product: {name}", None, round(rate), str(outcome), " orders/s")


def find_sustained(sale: Sale, width: int) -> tuple[float, Outcome]:
    """The highest of the tried rates at which few orders get 503."""
    found = 0.0, Outcome()
    low, high = 0, len(LOADS)
    while low < high:
        middle = (low + high) // 2
        rate = LOADS[middle] * width * 1000 / sale.hold_ms
        outcome = run_sale(replace(sale, orders_per_second=rate))
        if outcome.unavailable <= UNAVAILABLE_MAX:
            low, found = middle + 1, (rate, outcome)
        else:
            high = middle
    return found


def run_sale(sale: Sale) -> Outcome:
    threads, outcome = VirtualThreads(), Outcome()
    is_stored = sale.units is not None
    items = ContendedItems(threads, sale.hold_ms / 1000, stores=is_stored)
    arrivals = sale.arrivals()
    rate_limits.known_counter.forget()
    with empty_account():
        product_id = _open_shop(sale, buyers=len(arrivals) if is_stored else 0)
        for buyer, at in enumerate(arrivals):
            threads.start(at, _buyer(sale, buyer, product_id, threads, outcome))
        with threads.installed(sale.seed), intercepted(AwsCalls(answer=[items.answer])):
            threads.run()
        outcome.attempts, outcome.refusals = items.attempts, items.refusals
        outcome.sold = sum(int(line.quantity) for order in Order.scan() for line in order.lines)
        outcome.left = sum(int(stock.available) for stock in Stock.scan())
    return outcome


def _open_shop(sale: Sale, *, buyers: int) -> str:
    product_id = str(shop.product("HOT", stock_shards=sale.shards).product_id)
    units = PLENTY if sale.units is None else sale.units
    for shard, share in divide_evenly(units, sale.shards).items():
        Stock(shard_key(product_id, shard), available=share, version=1).save()
    pricing.store_tax_rates(pricing.destination(shop.ADDRESS["country"], included=True))
    pricing.store_shipping_rates(pricing.zone("*"))
    if sale.has_limited_code:
        pricing.promotion(PROMOTION, uses_max=PLENTY)
    for buyer in range(buyers):
        shop.user(f"usr_{buyer}")
    return product_id


def _buyer(
    sale: Sale, buyer: int, product_id: str, threads: VirtualThreads, outcome: Outcome
) -> Callable[[], None]:
    """Places one order for one unit, as the handler does."""
    caller = Principal(f"usr_{buyer}", _CUSTOMER)
    body = {"lines": [{"product_id": product_id, "quantity": 1}], "shipping_address": shop.ADDRESS}
    code = {"promotion_code": PROMOTION} if sale.has_limited_code else {}
    request = OrderRequest.model_validate(body | code)
    client = Client(sale.address(buyer), device="")

    def place() -> None:
        began, result = threads.now, "placed"
        try:
            with request_budget.limit_retries():
                orders.place_order(caller, request, "first", client)
        except AppError as refusal:
            result = refusal.code
        outcome.all_codes[result] += 1
        if began < WARM_UP_SECONDS:
            return
        outcome.codes[result] += 1
        if result == "placed":
            outcome.latencies.append(threads.now - began)

    return place
