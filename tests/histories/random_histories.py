"""Operations by chance on one small shop: which, on what, and with which arguments."""

from collections.abc import Callable

from shared.storage.models.catalog import Product
from shared.storage.models.orders import Order
from tests.histories import buying, carts, promotions, selling
from tests.histories.tables import peek, peek_all
from tests.histories.world import PRODUCTS, USERS, World

GUESTS = ("guest@example.com", "usr_ada@example.com")  # the second has an account, too
Step = Callable[[], None]


class Operations:
    """Picks operations and what they act on."""

    def __init__(self, world: World) -> None:
        self.world, self.chance = world, world.random
        self._count = 0

    def pick(self, weights: dict[str, int]) -> Step:
        (name,) = self.chance.choices(list(weights), list(weights.values()))
        step: Step = getattr(self, name)
        return step

    # Buyers

    def buy(self) -> None:
        order_id = self._place(f"own-{self._next()}")
        if order_id:
            buying.pay(self.world, order_id, captures=self.chance.random() < 0.6)
            buying.deliver_webhook(self.world, -1)

    def place(self) -> None:
        self._place(self.chance.choice("abc"))

    def _place(self, key: str) -> str | None:
        code = self.chance.choice((None, None, None, "ONCE", "FEW"))
        if self.chance.random() < 0.3:
            email = self.chance.choice(GUESTS)
            return buying.place_as_guest(self.world, email, self._quantities(), key, code)
        return buying.place(self.world, self.chance.choice(USERS), self._quantities(), key, code)

    def _quantities(self) -> dict[str, int]:
        count = self.chance.choice((1, 1, 2))
        return {
            product: self.chance.randint(1, 3) for product in self.chance.sample(self._all(), count)
        }

    def change_cart(self) -> None:
        changes = {product: units - 1 for product, units in self._quantities().items()}
        if token := self._cart_token():
            carts.change_guest_cart(self.world, token, changes)
        carts.change_cart(self.world, self.chance.choice(USERS), self._quantities() | changes)

    def start_guest_cart(self) -> None:
        carts.start_guest_cart(self.world, self._quantities())

    def merge_carts(self) -> None:
        if token := self._cart_token():
            carts.merge_carts(self.world, self.chance.choice(USERS), token)

    def order_cart(self) -> None:
        tab, token = self.chance.choice("12"), self._cart_token()
        if token and self.chance.random() < 0.4:
            carts.order_guest_cart(self.world, token, tab)
        else:
            carts.order_cart(self.world, self.chance.choice(USERS), tab)

    def _cart_token(self) -> str | None:
        known = self.world.acknowledged.cart_tokens
        return self.chance.choice(known[-3:]) if known else None

    def pay(self) -> None:
        if order_id := self._order():
            buying.pay(self.world, order_id, captures=self.chance.random() < 0.6)

    def webhook(self) -> None:
        number = self.chance.randrange(100)
        buying.deliver_webhook(self.world, number, repeats=self.chance.random() < 0.3)

    def cancel(self) -> None:
        if order_id := self._order():
            buying.cancel(self.world, order_id)

    def rename(self) -> None:
        buying.rename(self.world, self.chance.choice(USERS), f"Name {self._next()}")

    def confirm(self) -> None:
        buying.confirm_address(self.world, self.chance.choice(USERS))

    def delete_account(self) -> None:
        buying.delete_account(self.world, self.chance.choice(USERS))

    # The provider

    def release(self) -> None:
        if self.world.bank.payments:
            self.world.bank.release(self.chance.choice(list(self.world.bank.payments)))

    def refund_in_dashboard(self) -> None:
        if self.world.bank.payments:
            payment = self.chance.choice(list(self.world.bank.payments))
            self.world.bank.refund_in_dashboard(payment, self.chance.choice((1, 400, 999_999)))

    # Staff and the clock

    def mark_paid(self) -> None:
        if order_id := self._order():
            selling.mark_paid(self.world, order_id, self.chance.choice(("cash", "bank")))

    def ship(self) -> None:
        if order_id := self._order():
            selling.ship(self.world, order_id, self.chance.choice("12"))

    def ship_units(self) -> None:
        if order_id := self._order():
            order = peek(Order, order_id)
            assert order is not None
            product = self.chance.choice(order.lines).product_id
            selling.ship_units(self.world, order_id, product, 1, self.chance.choice("xyz"))

    def cancel_units(self) -> None:
        if order_id := self._order():
            order = peek(Order, order_id)
            assert order is not None
            product = self.chance.choice((None, *(line.product_id for line in order.lines)))
            selling.cancel_units(self.world, order_id, product, 1, self.chance.choice("xyz"))

    def change_address(self) -> None:
        if order_id := self._order():
            selling.change_address(self.world, order_id, f"{self._next()} Street")

    def change_buyer(self) -> None:
        if order_id := self._order():
            buyer = self.chance.choice(
                [*({"user_id": user} for user in USERS), *({"email": guest} for guest in GUESTS)]
            )
            selling.change_buyer(self.world, order_id, **buyer)

    def deliver(self) -> None:
        if order_id := self._order():
            selling.deliver(self.world, order_id)

    def staff_cancel(self) -> None:
        if order_id := self._order():
            selling.cancel(self.world, order_id)

    def refund(self) -> None:
        if order_id := self._order():
            minor = self.chance.choice((None, 1, 500, 100_000))
            selling.refund(self.world, order_id, minor, self.chance.choice("xyz"))

    def return_units(self) -> None:
        if order_id := self._order():
            order = peek(Order, order_id)
            assert order is not None
            product = self.chance.choice(order.lines).product_id
            units, key = self.chance.randint(1, 3), self.chance.choice("xyz")
            selling.return_units(self.world, order_id, product, units, key)

    def note(self) -> None:
        if order_id := self._order():
            selling.add_note(self.world, order_id, f"note {self._next()}")

    def resend(self) -> None:
        if order_id := self._order():
            selling.resend_confirmation(self.world, order_id)

    def start_promotion(self) -> None:
        code = self.chance.choice(("SALE", "DAY", "WEEK"))
        product_ids = self.chance.sample(self._all(), 2)
        applies_to = self.chance.choice((None, {"product_ids": product_ids}))
        promotions.start_promotion(self.world, code, applies_to=applies_to)

    def edit_promotion(self) -> None:
        code = self.chance.choice(("SALE", "DAY", "WEEK", "ONCE", "FEW"))
        change = self.chance.choice(
            ({"percent": 12.5}, {"percent": 20}, {"is_active": False}, {"is_active": True})
        )
        promotions.edit_promotion(self.world, code, **change)

    def change_taxes(self) -> None:
        ppms = self.chance.choice(((200_000,), (50_000, 99_750), (90_000, 90_000)))
        promotions.change_taxes(self.world, *ppms, included=self.chance.random() < 0.5)

    def pass_time(self) -> None:
        selling.pass_time(self.world, self.chance.choice((1, 20, 35)))

    def adjust(self) -> None:
        change = self.chance.choice((-4, -1, 2, 5, 9))
        selling.adjust(self.world, self._product(), change, f"key-{self._next()}")

    def count(self) -> None:
        exact = self.chance.random() < 0.5
        selling.count(self.world, self._product(), self.chance.randint(0, 9), exact=exact)

    def reshard(self) -> None:
        selling.reshard(self.world, self._product(), self.chance.choice((1, 2, 3, 8)))

    def change_currency(self) -> None:
        price = {"amount_minor": 900, "currency": self.chance.choice(("EUR", "USD"))}
        selling.edit(self.world, self._product(), price=price)

    def edit(self) -> None:
        selling.edit(self.world, self._product(), name=f"Name {self._next()}")

    def change_group(self) -> None:
        product_id = self._product()
        colour = {"colour": self.chance.choice(("red", "blue", "green"))}
        group = self.chance.choice(("MUG", "JAR", None))
        options = colour if group else None
        selling.edit(self.world, product_id, group=group, options=options)

    def change_policy(self) -> None:
        policy = self.chance.choice(("tracked", "backorder", "backorder", "untracked"))
        limit = self.chance.choice((None, 2, 5))
        selling.change_policy(self.world, self._product(), policy, limit)

    def archive(self) -> None:
        selling.archive(self.world, self._product())

    def activate(self) -> None:
        selling.edit(self.world, self._product(), status="active")

    def import_file(self) -> None:
        skus = [sku for sku, *_ in PRODUCTS] + ["FRESH"]
        rows = [
            (sku, 1000, self.chance.choice(("EUR", "EUR", "EUR", "USD")), self.chance.randint(0, 9))
            for sku in self.chance.sample(skus, self.chance.randint(1, 4))
        ]
        selling.import_file(self.world, rows)

    def work(self) -> None:
        """Events are delivered; one thread does this, as the mailer handles one batch at a time."""
        self.world.chain.run()
        self.world.time.advance(seconds=20)

    def _order(self) -> str | None:
        """A late one rather than an early one: most operations are about orders that are open."""
        known = list(self.world.acknowledged.orders)
        return self.chance.choice(known[-6:]) if known else None

    def _all(self) -> list[str]:
        return [product.product_id for product in peek_all(Product)]

    def _product(self) -> str:
        return self.chance.choice(self.world.product_ids)

    def _next(self) -> int:
        self._count += 1
        return self._count
