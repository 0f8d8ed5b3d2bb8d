"""The catalog and its stock on the local stack, where moto cannot show the behaviour."""

from collections import Counter
from uuid import uuid4

from tests.e2e.conftest import run_concurrently, run_in_function_environment, wait_until

EDITORS = 50
ROUNDS = 4
BUYERS = 64
UNITS_FOR_SALE = 60
WRITES_PER_SECOND = 10  # to one item: a fiftieth of DynamoDB's limit, as this machine is slower


def patch_product(staff, product_id, changes, etag):
    return staff.call("PATCH", f"/products/{product_id}", json=changes, headers={"if-match": etag})


def test_the_first_of_two_edits_wins(staff):
    tea = staff.create_product(available=1)
    seen = staff.get(f"/staff/products/{tea}").headers["etag"]

    first = patch_product(staff, tea, {"name": "Sencha"}, seen)
    second = patch_product(staff, tea, {"description": "Fresh"}, seen)

    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json()["error"]["details"] == {"current_version": 2}
    now = staff.get(f"/staff/products/{tea}")
    assert (now.json()["name"], now.json()["description"]) == ("Sencha", "")
    assert now.headers["etag"] == first.headers["etag"]


def test_one_of_fifty_concurrent_editors_wins_each_round(stack, staff):
    tea = staff.create_product(available=1)
    for number in range(ROUNDS):
        seen = staff.get(f"/staff/products/{tea}").headers["etag"]

        answers = run_in_function_environment(
            stack,
            "ProductsFunction",
            "tests.support.concurrent_edits",
            *(tea, seen, f"round {number}", str(EDITORS)),
        )

        assert Counter(answers) == {"edited": 1, "stale_version": EDITORS - 1}
        now = staff.get(f"/staff/products/{tea}").json()
        winner = answers.index("edited")
        assert (now["version"], now["attributes"][f"round {number}"]) == (number + 2, winner)
    assert len(now["attributes"]) == ROUNDS


def test_one_of_ten_concurrent_edits_wins(staff):
    tea = staff.create_product(available=1)
    seen = staff.get(f"/staff/products/{tea}").headers["etag"]

    answers = run_concurrently(
        [
            lambda n=n: patch_product(staff, tea, {"attributes": {"editor": n}}, seen)
            for n in range(10)
        ]
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 9}
    winner = next(n for n, answer in enumerate(answers) if answer.status_code == 200)
    now = staff.get(f"/staff/products/{tea}").json()
    assert (now["version"], now["attributes"]) == (2, {"editor": winner})


def test_ten_equal_concurrent_adjustments_change_stock_once(staff):
    tea = staff.create_product(available=10)
    change = {"change": -4, "reason": "broken"}
    headers = {"idempotency-key": uuid4().hex}

    answers = run_concurrently(
        [lambda: staff.call("PATCH", f"/products/{tea}/stock", json=change, headers=headers)] * 10
    )

    assert [answer.status_code for answer in answers] == [200] * 10
    assert Counter(answer.headers["idempotency-replayed"] for answer in answers) == {
        "false": 1,
        "true": 9,
    }
    movements = staff.get(f"/products/{tea}/stock/movements").json()["items"]
    assert [(movement["kind"], movement["change"]) for movement in movements] == [
        ("adjustment", -4),
        ("count", 10),
    ]
    assert staff.get(f"/products/{tea}/stock").json()["available"] == 6


def test_concurrent_adjustments_and_sales_add_up(staff, visitor):
    tea = staff.create_product(available=100)
    buyers = [visitor.register() for _ in range(10)]

    def adjust():
        return staff.call(
            "PATCH",
            f"/products/{tea}/stock",
            json={"change": 3},
            headers={"idempotency-key": uuid4().hex},
        )

    answers = run_concurrently(
        [lambda shop=shop: shop.place_order(tea, quantity=2) for shop in buyers] + [adjust] * 10
    )

    assert Counter(answer.status_code for answer in answers) == {201: 10, 200: 10}
    now = staff.get(f"/products/{tea}/stock").json()
    assert (now["available"], now["allocated"]) == (100 + 30 - 20, 20)


def test_lists_and_search_show_a_product_until_it_is_archived(staff, visitor):
    word = f"sencha{uuid4().hex[:8]}"
    tea = staff.create_product(available=2, name=f"{word} tea", category=f"tea/{word}", tags=[word])
    queries = (
        lambda: visitor.get("/products", category=f"tea/{word}", in_stock=True),
        lambda: visitor.get("/products", tag=word, sort="price_asc"),
        lambda: visitor.get("/products/search", q=word[:10]),
    )
    for query in queries:
        wait_until(lambda query=query: [item["id"] for item in query().json()["items"]] == [tea])

    archived = staff.call("DELETE", f"/products/{tea}", headers={"if-match": "*"})

    assert archived.status_code == 204
    for query in queries:
        wait_until(lambda query=query: query().json()["items"] == [])


def test_the_in_stock_list_leaves_out_a_sold_out_product(staff, visitor, buyer):
    category = f"last-{uuid4().hex}"
    tea = staff.create_product(available=1, category=category)
    in_stock = {"category": category, "in_stock": True}
    wait_until(lambda: len(visitor.get("/products", **in_stock).json()["items"]) == 1)

    assert buyer.place_order(tea).status_code == 201

    wait_until(lambda: visitor.get("/products", **in_stock).json()["items"] == [])
    assert len(visitor.get("/products", category=category).json()["items"]) == 1


def test_a_list_shows_one_entry_for_all_variants(staff, visitor):
    group, category = f"SHIRT-{uuid4().hex}", f"shirts-{uuid4().hex}"
    shirts = [
        staff.create_product(available=1, group=group, options={"size": size}, category=category)
        for size in ("S", "M", "L")
    ]

    def list_ids() -> list[str]:
        items = visitor.get("/products", category=category).json()["items"]
        return [item["id"] for item in items]

    wait_until(lambda: len(list_ids()) == 1)
    variants = visitor.get(f"/products/{shirts[0]}").json()["variants"]
    assert [variant["id"] for variant in variants] == shirts[1:]


def test_shards_speed_up_a_flash_sale(staff, stack):
    results = {}
    for shards in (1, 16):
        product_id = staff.create_product(available=UNITS_FOR_SALE, stock_shards=shards)

        results[shards] = run_in_function_environment(
            stack,
            "OrdersFunction",
            "tests.support.flash_sale",
            product_id,
            str(BUYERS),
            str(WRITES_PER_SECOND),
        )

        assert results[shards]["sold"] == UNITS_FOR_SALE
        stock = staff.get(f"/products/{product_id}/stock").json()
        assert (stock["available"], stock["allocated"]) == (0, UNITS_FOR_SALE)
    assert results[1]["seconds"] > UNITS_FOR_SALE / WRITES_PER_SECOND - 2  # the limit had an effect
    # The writes to the busiest item bound the duration of a sale on a machine of any speed.
    assert results[16]["busiest"] < results[1]["busiest"] / 3, results
