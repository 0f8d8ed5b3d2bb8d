"""Conditions and updates are written as by pynamodb: the same requests, or errors."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from shared.storage import fast_path
from shared.storage.dynamo import connection, key_names
from shared.storage.models.catalog import Picture, Product, Stock, StockMovement
from tests.shared.test_fast_models import A_TIME, TABLES

NUMBERS = [Stock.available, Stock.version, Product.price_minor, Path("stock.number[0]")]
LISTS = [Product.tags, Path("lists"), Path(["lists", "a b", "of-it"])]
TEXTS = [Product.name, Product.product_id, Path("not an identifier"), Product.tags[1]]
ATTRIBUTES = [Stock.version, Product.tags, Product.attributes_json, Product.created_at]
PATHS = st.sampled_from([*NUMBERS, *LISTS, *TEXTS, *ATTRIBUTES])
UNITS = st.integers(-3, 3)


def conditions() -> st.SearchStrategy[Condition]:
    numbers, texts = st.sampled_from(NUMBERS), st.sampled_from(TEXTS)
    single = st.one_of(
        st.builds(lambda path: path.exists(), PATHS),
        st.builds(lambda path: path.does_not_exist(), PATHS),
        st.builds(lambda path: path.is_type(), st.sampled_from(ATTRIBUTES)),
        st.builds(lambda path, units: path == units, numbers, UNITS),
        st.builds(lambda path, units: path != units, numbers, UNITS),
        st.builds(lambda path, units: path >= units, numbers, UNITS),
        st.builds(lambda path, other: path < other, numbers, numbers),
        st.builds(lambda path, low, high: path.between(low, high), numbers, UNITS, UNITS),
        st.builds(lambda path, some: path.is_in(*some), numbers, st.lists(UNITS, min_size=1)),
        st.builds(lambda path, text: path.startswith(text), texts, st.text(max_size=2)),
        st.builds(lambda path, text: path.contains(text), texts, st.text(max_size=2)),
        st.builds(lambda path, units: size(path) > units, PATHS, UNITS),
        st.just(Product.created_at <= A_TIME),
    )
    return st.recursive(
        single,
        lambda parts: st.one_of(
            st.builds(lambda one, other: one & other, parts, parts),
            st.builds(lambda one, other: one | other, parts, parts),
            st.builds(lambda one: ~one, parts),
        ),
        max_leaves=4,
    )


def actions() -> st.SearchStrategy[Action]:
    numbers, lists = st.sampled_from(NUMBERS), st.sampled_from(LISTS)
    some_texts, units = st.lists(st.text(max_size=2)), st.sets(UNITS, min_size=1)
    picture = Picture(picture_id="pic_1", status="waiting", created_at=A_TIME)
    return st.one_of(
        st.builds(lambda path, units: path.set(units), numbers, UNITS),
        st.builds(lambda path, other: path.set(other), numbers, numbers),
        st.builds(lambda path, units: path.set(path + units), numbers, UNITS),
        st.builds(lambda path, units: path.set(units - path), numbers, UNITS),
        st.builds(lambda path, units: path.set((path | 0) + units), numbers, UNITS),
        st.builds(lambda path, units: path.add(units), numbers, UNITS),
        st.builds(lambda path, some: path.set(path.append(some)), lists, some_texts),
        st.builds(lambda path, some: path.set((path | []).prepend(some)), lists, some_texts),
        st.builds(lambda path: path.remove(), PATHS),
        st.builds(lambda path: path.set(None), st.sampled_from(TEXTS)),
        st.builds(lambda path, some: path.delete(some), st.just(Path("set")), units),
        st.just(Product.pictures.set([picture])),
        st.just("no action"),
    )


def outcome(call: Callable[[], Any], *, is_fast: bool) -> Any:
    """What the call returns, or the class and text of what it raises."""
    connection()  # the one that all tests share is made as the settings say
    with patch.object(fast_path, "is_on", lambda: is_fast):
        try:
            return call()
        except Exception as error:  # noqa: BLE001 (errors are compared, too)
            return type(error).__name__, str(error)


@settings(deadline=None, max_examples=300)
@given(
    condition=st.one_of(st.none(), conditions()),
    returned=st.sampled_from([None, "ALL_OLD"]),
    changes=st.lists(actions(), max_size=5),
)
def test_a_write_has_the_expressions_of_pynamodb(condition, returned, changes):
    movement = StockMovement(
        "prd_1", "mov_1", kind="count", change=1, reason="r", by="usr_1", at=A_TIME, moved_at="m"
    )

    def put() -> Any:
        return movement.get_save_kwargs_from_instance(condition, returned)

    def update() -> Any:
        return movement.get_update_kwargs_from_instance(changes, condition, returned)

    assert outcome(put, is_fast=True) == outcome(put, is_fast=False)
    assert outcome(update, is_fast=True) == outcome(update, is_fast=False)


@pytest.mark.parametrize("table", [*filter(key_names, TABLES)], ids=lambda table: table.__name__)
@pytest.mark.parametrize("keys", [(), ("a",), ("a", "b")], ids=["no key", "one", "two"])
def test_an_update_names_the_item_as_pynamodb_does(table, keys):
    def update() -> Any:
        return table(*keys).get_update_kwargs_from_instance([])

    assert outcome(update, is_fast=True) == outcome(update, is_fast=False)
