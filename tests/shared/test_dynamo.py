"""Rules on moto: tables share one connection, and batches read several items."""

import json

import pytest
from botocore.exceptions import ClientError

from benchmarks.endpoint import record_calls
from shared.errors.base import Unavailable
from shared.storage import dynamo
from shared.storage.dynamo import BATCH_ATTEMPTS, batch_get
from shared.storage.models.accounts import Login, Session, User
from shared.storage.models.catalog import Product, Stock, StockLevel
from tests.support import shop
from tests.support.accounts import session
from tests.support.faults import error_reply, inject_faults, read_timeout, success_reply

pytestmark = pytest.mark.usefixtures("aws")


def reads(*faults):
    return inject_faults(dynamo.connection().client, "BatchGetItem", *faults)


def unread(**tables):
    """A reply in which DynamoDB left these keys unread."""
    return success_reply({"Responses": {}, "UnprocessedKeys": tables})


def test_all_tables_share_one_client():
    clients = {table._get_connection().connection.client for table in (Login, Product, Stock, User)}  # noqa: SLF001

    assert clients == {dynamo.connection().client}


def test_a_batch_finds_each_existing_item_once():
    stocked = [f"prd_{n}" for n in range(120)]
    for n, product_id in enumerate(stocked):
        Stock(product_id, available=n, version=1).save()

    found = Stock.find_many([*stocked, "prd_nothing", stocked[0]])

    assert set(found) == set(stocked)
    assert found[stocked[7]].available == 7


def test_an_empty_batch_makes_no_call():
    assert Stock.find_many([]) == {}


def test_a_batch_is_a_consistent_read():
    with record_calls() as calls:
        Stock.find_many(["prd_tea"])

    (call,) = calls
    (request,) = json.loads(call.body)["RequestItems"].values()
    assert request["ConsistentRead"] is True


@pytest.mark.parametrize(("count", "calls_made"), [(100, 1), (101, 2), (250, 3)])
def test_more_keys_than_a_batch_holds_need_several_batches(count, calls_made):
    stocked = [f"prd_{n}" for n in range(count)]
    for product_id in (stocked[0], stocked[-1]):
        Stock(product_id, available=3, version=1).save()

    with record_calls() as calls:
        found = Stock.find_many(stocked)

    assert (list(found), len(calls)) == ([stocked[0], stocked[-1]], calls_made)


def test_unread_keys_are_read_again():
    shop.user("usr_ada")
    shop.user("usr_bob")
    left = unread(**{"souk-users": {"Keys": [{"user_id": {"S": "usr_bob"}}]}})

    with reads(left) as calls:
        _, bob = batch_get((User, "usr_ada"), (User, "usr_bob"))

    requested = json.loads(calls.sent[-1]["body"])["RequestItems"]["souk-users"]["Keys"]
    assert (bob.user_id, requested) == ("usr_bob", [{"user_id": {"S": "usr_bob"}}])


def test_a_missing_item_is_none():
    assert User.find("usr_nobody") is None
    assert Session.find("usr_nobody", "ses_none", consistent=True) is None


def test_items_of_several_tables_need_one_consistent_call():
    user = shop.user("usr_ada")
    one, _ = session(user), session(user)
    tea = shop.product("TEA", available=3)

    with record_calls() as calls:
        found = batch_get(
            (Stock, tea.product_id),
            (Session, "usr_ada", one.session_id),
            (User, "usr_ada"),
        )

    stock, its_session, its_user = found
    assert (stock.available, its_session.session_id) == (3, one.session_id)
    assert (its_user.user_id, its_user.created_at) == ("usr_ada", user.created_at)
    (call,) = calls
    requested = json.loads(call.body)["RequestItems"]
    assert (call.operation, len(requested)) == ("BatchGetItem", 3)
    assert all(table["ConsistentRead"] is True for table in requested.values())


def test_items_come_in_the_order_of_their_keys():
    user = shop.user("usr_ada")
    sessions = [session(user).session_id for _ in range(5)]
    order = [*sessions[::2], *sessions[1::2]]

    found = batch_get(*((Session, "usr_ada", session_id) for session_id in order))

    assert [each.session_id for each in found] == order


def test_a_missing_item_leaves_none_in_its_place():
    shop.user("usr_ada")

    found = batch_get(
        (Session, "usr_ada", "ses_none"),
        (User, "usr_ada"),
        (User, "usr_bob"),
        (Stock, "prd_nothing"),
    )

    assert [each is None for each in found] == [True, False, True, True]


def test_another_user_s_session_is_another_item():
    session(shop.user("usr_ada"), session_id="ses_one")

    assert batch_get((Session, "usr_bob", "ses_one")) == [None]


def test_a_repeated_key_returns_its_item_twice():
    shop.user("usr_ada")

    one, other = batch_get((User, "usr_ada"), (User, "usr_ada"))

    assert one.user_id == other.user_id == "usr_ada"


@pytest.mark.parametrize(
    "faults",
    [
        [unread(**{"souk-users": {"Keys": [{"user_id": {"S": "usr_ada"}}]}})] * BATCH_ATTEMPTS,
        [read_timeout()],
        [error_reply("ProvisionedThroughputExceededException")],
    ],
    ids=["left unread each time", "silent", "over its throughput"],
)
def test_an_unread_item_is_not_a_missing_item(faults):
    shop.user("usr_ada")

    with reads(*faults), pytest.raises(Unavailable):
        batch_get((User, "usr_ada"))


def test_a_denied_permission_is_not_an_overload():
    with reads(error_reply("AccessDeniedException")), pytest.raises(ClientError):
        batch_get((User, "usr_ada"))


def test_the_same_key_in_two_tables_is_two_items():
    tea = shop.product("TEA", available=3)

    product, stock = batch_get((Product, tea.product_id), (Stock, tea.product_id))

    assert (product.sku, stock.available) == ("TEA", 3)
    assert batch_get((Stock, tea.product_id), (Product, "prd_nothing"))[1] is None


def test_items_of_two_models_in_one_table_keep_their_model():
    Stock("prd_tea", available=3, version=1).save()
    StockLevel("prd_tea#level", level="low", version=1).save()

    with record_calls() as calls:
        stock, level, none = batch_get(
            (Stock, "prd_tea"), (StockLevel, "prd_tea#level"), (StockLevel, "prd_pot#level")
        )

    assert (stock.available, level.level, none) == (3, "low", None)
    assert len(calls) == 1
