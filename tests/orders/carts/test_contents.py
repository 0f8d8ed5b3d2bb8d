"""Which lines a cart has after a change or a merge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.carts import contents
from shared.errors.carts import CartFull
from shared.errors.orders import UnknownProducts
from shared.storage.models.carts import CartLine
from shared.storage.models.catalog import Product

QUANTITIES = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9))


def line(product_id: str, quantity: int = 1, price_minor: int = 1000, **more):
    return CartLine(
        product_id=product_id,
        quantity=quantity,
        sku=product_id,
        name=product_id,
        price_minor=price_minor,
        currency="EUR",
        **more,
    )


def product(product_id: str, price_minor: int = 1000, status: str = "active") -> Product:
    return Product(
        product_id,
        sku=product_id,
        name=product_id,
        price_minor=price_minor,
        currency="EUR",
        status=status,
    )


def lines(quantities):
    return [line(product_id, units) for product_id, units in quantities.items()]


def quantities_of(found):
    return {each.product_id: int(each.quantity) for each in found}


def test_a_change_keeps_places_and_adds_at_the_end():
    after = contents.apply_changes({"a": 1, "b": 2, "c": 3}, {"d": 4, "b": 5, "a": 0})

    assert list(after.items()) == [("b", 5), ("c", 3), ("d", 4)]


@given(QUANTITIES, QUANTITIES)
def test_a_repeated_change_changes_nothing(before, changes):
    once = contents.apply_changes(before, changes)

    assert contents.apply_changes(once, changes) == once


@given(QUANTITIES, QUANTITIES)
def test_a_merge_loses_no_line_and_adds_no_unit(account, guest):
    merged = quantities_of(contents.merge_lines(lines(account), lines(guest)))

    assert merged.keys() == account.keys() | guest.keys()
    for product_id, units in merged.items():
        assert units == max(account.get(product_id, 0), guest.get(product_id, 0))


@given(QUANTITIES, QUANTITIES)
def test_merging_twice_is_merging_once(account, guest):
    once = contents.merge_lines(lines(account), lines(guest))

    assert quantities_of(contents.merge_lines(once, lines(guest))) == quantities_of(once)


def test_the_lines_of_the_account_come_first():
    merged = contents.merge_lines(lines({"b": 1, "a": 1}), lines({"c": 1, "a": 2}))

    assert list(quantities_of(merged).items()) == [("b", 1), ("a", 2), ("c", 1)]


def test_the_line_with_more_units_keeps_its_price():
    merged = contents.merge_lines(
        [line("a", 1, 500), line("b", 3, 500)], [line("a", 2, 700), line("b", 3, 700)]
    )

    assert [(each.product_id, each.price_minor) for each in merged] == [("a", 700), ("b", 500)]


def test_a_merge_of_more_than_fifty_lines_is_refused():
    account = lines({f"a{number}": 1 for number in range(30)})

    assert len(contents.merge_lines(account, lines({f"b{n}": 1 for n in range(20)}))) == 50
    with pytest.raises(CartFull) as refusal:
        contents.merge_lines(account, lines({f"b{number}": 1 for number in range(21)}))
    assert refusal.value.details == {"lines_max": 50}


@given(QUANTITIES, QUANTITIES)
def test_digests_differ_exactly_where_contents_do(one, other):
    assert (contents.digest_of(one) == contents.digest_of(other)) is (one == other)


def test_a_digest_ignores_the_order_of_lines():
    assert contents.digest_of({"a": 1, "b": 2}) == contents.digest_of({"b": 2, "a": 1})


def test_increases_are_new_lines_and_more_units():
    assert contents.increases({"a": 2, "b": 2, "c": 2}, {"a": 1, "b": 2, "c": 3, "d": 1}) == {
        "c": 3,
        "d": 1,
    }


def test_a_line_has_the_price_of_when_its_quantity_was_set():
    products = {"a": product("a", 900), "b": product("b", 900), "c": product("c", 900)}

    built = contents.build_lines({"a": 1, "b": 5, "c": 1}, lines({"a": 1, "b": 2}), products)

    assert [(each.product_id, each.quantity, each.price_minor) for each in built] == [
        ("a", 1, 1000),
        ("b", 5, 900),
        ("c", 1, 900),
    ]


def test_fewer_units_of_what_is_not_on_sale_keep_the_old_price():
    archived = {"a": product("a", 900, "archived")}

    (built,) = contents.build_lines({"a": 1}, lines({"a": 2}), archived)

    assert (built.quantity, built.price_minor) == (1, 1000)


def test_a_rebuilt_line_keeps_what_newer_code_stored():
    before = line("a")
    before.unknown = {"gift": {"BOOL": True}}

    (built,) = contents.build_lines({"a": 3}, [before], {"a": product("a")})

    assert built.unknown == {"gift": {"BOOL": True}}


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_what_is_not_active_is_not_on_sale(status):
    products = {"a": product("a"), "b": product("b", status=status)}

    with pytest.raises(UnknownProducts) as refusal:
        contents.require_on_sale(["a", "b", "c"], products)
    assert refusal.value.details == {"product_ids": ["b", "c"]}


def test_the_stored_id_of_a_guest_s_cart_does_not_open_it():
    assert contents.guest_cart_id("token") != "token"
    assert len(contents.guest_cart_id("token")) == 64
