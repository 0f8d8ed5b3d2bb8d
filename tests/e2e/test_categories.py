"""Categories on the local stack: IAM, the queue and the index worker are the real ones."""

from collections import Counter
from uuid import uuid4

from tests.e2e.conftest import run_concurrently, wait_until


def create_category(staff, name, parent=None):
    body = {"name": name, "parent": parent}
    answer = staff.post("/categories", body, **{"idempotency-key": uuid4().hex})
    assert answer.status_code == 201, answer.text
    return answer.json()


def skus_below(visitor, path):
    items = visitor.get("/products", category=path, limit=100).json()["items"]
    return {product["sku"] for product in items}


def count_on_sale(visitor, category):
    return visitor.get(f"/categories/{category['id']}").json()["products_on_sale"]


def test_a_moved_category_takes_its_products_along(staff, visitor):
    name = f"Bücher {uuid4().hex[:8]}"
    old, new = create_category(staff, f"{name} alt"), create_category(staff, f"{name} neu")
    cards = create_category(staff, "Karten & Papier", old["path"])
    product = staff.create_product(available=1, category=cards["path"])
    sku = staff.get(f"/staff/products/{product}").json()["sku"]
    wait_until(lambda: sku in skus_below(visitor, old["path"]))
    wait_until(lambda: count_on_sale(visitor, old) == 1)

    refused = staff.call("DELETE", f"/categories/{cards['id']}", headers={"if-match": "*"})
    moved = staff.call(
        "PATCH",
        f"/categories/{cards['id']}",
        json={"parent": new["path"]},
        headers={"if-match": f'"{cards["version"]}"'},
    )

    assert (refused.status_code, moved.status_code) == (409, 200), refused.text + moved.text
    assert (moved.json()["path"], moved.json()["parent"]) == (cards["path"], new["path"])
    wait_until(lambda: sku in skus_below(visitor, new["path"]))
    wait_until(lambda: sku not in skus_below(visitor, old["path"]))
    wait_until(lambda: count_on_sale(visitor, new) == 1)
    wait_until(lambda: count_on_sale(visitor, old) == 0)
    deleted = staff.call("DELETE", f"/categories/{old['id']}", headers={"if-match": "*"})
    assert deleted.status_code == 204, deleted.text


def test_ten_who_create_the_same_category_create_it_once(staff):
    body, keys = {"name": f"Tee {uuid4().hex[:8]}"}, [uuid4().hex for _ in range(10)]

    answers = run_concurrently(
        [
            lambda key=key: staff.post("/categories", body, **{"idempotency-key": key})
            for key in keys
        ]
    )

    codes = Counter(answer.status_code for answer in answers)
    assert codes[201] == 1
    assert codes.keys() <= {201, 409}
