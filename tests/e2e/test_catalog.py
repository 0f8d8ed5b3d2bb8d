"""The catalog and its stock on the local stack: what moto cannot show."""

from collections import Counter
from uuid import uuid4

from tests.e2e.conftest import as_function, eventually
from tests.e2e.test_contention import at_once

EDITORS = 50
ROUNDS = 4
BUYERS = 64
FOR_SALE = 60
WRITES_A_SECOND = 10  # to one item: a fiftieth of what DynamoDB takes, as this machine is slower


def edit(staff, product_id, changes, etag):
    return staff.call("PATCH", f"/products/{product_id}", json=changes, headers={"if-match": etag})


def test_of_two_editors_the_first_edit_stands(staff):
    tea = staff.product(available=1)
    seen = staff.get(f"/staff/products/{tea}").headers["etag"]

    first = edit(staff, tea, {"name": "Sencha"}, seen)
    second = edit(staff, tea, {"description": "Fresh"}, seen)

    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json()["error"]["details"] == {"current_version": 2}
    now = staff.get(f"/staff/products/{tea}")
    assert (now.json()["name"], now.json()["description"]) == ("Sencha", "")
    assert now.headers["etag"] == first.headers["etag"]


def test_of_fifty_editors_at_once_one_wins_each_round(stack, staff):
    tea = staff.product(available=1)
    for turn in range(ROUNDS):
        seen = staff.get(f"/staff/products/{tea}").headers["etag"]

        answers = as_function(
            stack,
            "ProductsFunction",
            "tests.support.concurrent_edits",
            *(tea, seen, f"round {turn}", str(EDITORS)),
        )

        assert Counter(answers) == {"edited": 1, "stale_version": EDITORS - 1}
        now = staff.get(f"/staff/products/{tea}").json()
        winner = answers.index("edited")
        assert (now["version"], now["attributes"][f"round {turn}"]) == (turn + 2, winner)
    assert len(now["attributes"]) == ROUNDS


def test_of_ten_edits_that_are_sent_at_once_one_wins(staff):
    tea = staff.product(available=1)
    seen = staff.get(f"/staff/products/{tea}").headers["etag"]

    answers = at_once(
        [lambda n=n: edit(staff, tea, {"attributes": {"editor": n}}, seen) for n in range(10)]
    )

    assert Counter(it.status_code for it in answers) == {200: 1, 412: 9}
    winner = next(n for n, it in enumerate(answers) if it.status_code == 200)
    now = staff.get(f"/staff/products/{tea}").json()
    assert (now["version"], now["attributes"]) == (2, {"editor": winner})


def test_an_adjustment_ten_times_at_once_is_one(staff):
    tea = staff.product(available=10)
    change = {"change": -4, "reason": "broken"}
    headers = {"idempotency-key": uuid4().hex}

    answers = at_once(
        [lambda: staff.call("PATCH", f"/products/{tea}/stock", json=change, headers=headers)] * 10
    )

    assert [it.status_code for it in answers] == [200] * 10
    assert Counter(it.headers["idempotency-replayed"] for it in answers) == {
        "false": 1,
        "true": 9,
    }
    movements = staff.get(f"/products/{tea}/stock/movements").json()["items"]
    assert [(it["kind"], it["change"]) for it in movements] == [("adjustment", -4), ("count", 10)]
    assert staff.get(f"/products/{tea}/stock").json()["available"] == 6


def test_adjustments_and_sales_at_once_add_up(staff, visitor):
    tea = staff.product(available=100)
    buyers = [visitor.registered() for _ in range(10)]

    def adjust():
        return staff.call(
            "PATCH",
            f"/products/{tea}/stock",
            json={"change": 3},
            headers={"idempotency-key": uuid4().hex},
        )

    answers = at_once(
        [lambda shop=shop: shop.order(tea, quantity=2) for shop in buyers] + [adjust] * 10
    )

    assert Counter(it.status_code for it in answers) == {201: 10, 200: 10}
    now = staff.get(f"/products/{tea}/stock").json()
    assert (now["available"], now["allocated"]) == (100 + 30 - 20, 20)


def test_a_new_product_is_listed_and_found_within_seconds_and_an_archived_one_is_not(
    staff, visitor
):
    word = f"sencha{uuid4().hex[:8]}"
    tea = staff.product(available=2, name=f"{word} tea", category=f"tea/{word}", tags=[word])
    queries = (
        lambda: visitor.get("/products", category=f"tea/{word}", in_stock=True),
        lambda: visitor.get("/products", tag=word, sort="price_asc"),
        lambda: visitor.get("/products/search", q=word[:10]),
    )
    for ask in queries:
        eventually(lambda ask=ask: [it["id"] for it in ask().json()["items"]] == [tea])

    gone = staff.call("DELETE", f"/products/{tea}", headers={"if-match": "*"})

    assert gone.status_code == 204
    for ask in queries:
        eventually(lambda ask=ask: ask().json()["items"] == [])


def test_what_is_sold_out_is_not_among_what_can_be_had(staff, visitor, buyer):
    category = f"last-{uuid4().hex}"
    tea = staff.product(available=1, category=category)
    in_stock = {"category": category, "in_stock": True}
    eventually(lambda: len(visitor.get("/products", **in_stock).json()["items"]) == 1)

    assert buyer.order(tea).status_code == 201

    eventually(lambda: visitor.get("/products", **in_stock).json()["items"] == [])
    assert len(visitor.get("/products", category=category).json()["items"]) == 1


def test_variants_are_shown_as_one_and_name_each_other(staff, visitor):
    group, category = f"SHIRT-{uuid4().hex}", f"shirts-{uuid4().hex}"
    shirts = [
        staff.product(available=1, group=group, options={"size": size}, category=category)
        for size in ("S", "M", "L")
    ]

    def shown() -> list[str]:
        items = visitor.get("/products", category=category).json()["items"]
        return [it["id"] for it in items]

    eventually(lambda: len(shown()) == 1)
    variants = visitor.get(f"/products/{shirts[0]}").json()["variants"]
    assert [it["id"] for it in variants] == shirts[1:]


def test_a_flash_sale_speeds_up_with_shards_and_sells_each_unit(staff, stack):
    came = {}
    for shards in (1, 16):
        hot = staff.product(available=FOR_SALE, stock_shards=shards)

        came[shards] = as_function(
            stack,
            "OrdersFunction",
            "tests.support.flash_sale",
            hot,
            str(BUYERS),
            str(WRITES_A_SECOND),
        )

        assert came[shards]["sold"] == FOR_SALE
        stock = staff.get(f"/products/{hot}/stock").json()
        assert (stock["available"], stock["allocated"]) == (0, FOR_SALE)
    assert came[1]["seconds"] > FOR_SALE / WRITES_A_SECOND - 2  # or nothing was limited
    # The busiest item says how long the sale lasts at least, on a machine of any speed.
    assert came[16]["busiest"] < came[1]["busiest"] / 3, came
