"""The usual ways through the shop, by the API of the local stack."""

from uuid import uuid4

from tests.e2e.conftest import wait_until


def test_a_visitor_registers_orders_and_gets_both_mails(visitor, staff, list_mails_to):
    tea = staff.create_product(
        available=5, name="Sencha", price={"amount_minor": 1290, "currency": "EUR"}
    )
    email = f"{uuid4().hex}@example.com"
    account = {"email": email, "password": "correct horse battery"}
    registered = visitor.post("/auth/register", account | {"name": "Ada Lovelace"})
    buyer = visitor.log_in(**account)

    order = buyer.place_order(tea, quantity=2)

    assert (registered.status_code, order.status_code) == (201, 201)
    assert order.json()["totals"]["total"] == {"amount_minor": 2580, "currency": "EUR"}
    assert buyer.get("/me").json() == registered.json()
    assert buyer.get(f"/orders/{order.json()['id']}").json() == order.json()
    assert buyer.get("/orders").json()["items"] == [order.json()]
    assert visitor.get_available(tea) == 3
    wait_until(lambda: len(list_mails_to(email)) == 2)
    mails = {mail["subject"]: mail for mail in list_mails_to(email)}
    subject = f"Your order at Souk ({order.json()['id']})"
    assert mails.keys() == {"Welcome to Souk", subject}
    confirmation = mails[subject]
    for part in ("text", "html"):
        assert order.json()["id"] in confirmation[part]
        assert "EUR 25.80" in confirmation[part]


def test_a_visitor_browses_the_catalog_page_by_page(visitor, staff):
    category = f"paged-{uuid4().hex}"
    created = [staff.create_product(available=n, category=category) for n in range(3)]

    wait_until(lambda: len(visitor.get("/products", category=category).json()["items"]) == 3)

    first = visitor.get("/products", category=category, limit=2).json()
    cursor = first["next_cursor"]
    second = visitor.get("/products", category=category, limit=2, cursor=cursor).json()

    listed = [product["id"] for product in first["items"] + second["items"]]
    assert listed == created[::-1]
    assert second["next_cursor"] is None


def test_productions_reference_shows_the_document(visitor):
    document = visitor.get("/openapi.json").json()
    page = visitor.get("/docs")

    assert "/v1/orders" in document["paths"]
    assert page.headers["content-type"].startswith("text/html")
    assert "SwaggerUIBundle(" in page.text
