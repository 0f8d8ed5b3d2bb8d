"""Items are made, read and written as by pynamodb: the same values, or errors."""

from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module
from pkgutil import iter_modules
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pynamodb.attributes import (
    Attribute,
    AttributeContainer,
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    NumberSetAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)

from shared.storage import fast_path, models
from shared.storage.documents import Document, Extensible
from shared.storage.dynamo import Table, connection
from shared.storage.models.orders import OrderLine
from shared.storage.models.outbox import OutboxRow

NUMBER_TEXTS = ["0", "7", "-7", "1.50", "1E+3", "007", "", " 7", "٧", "1_0", "NaN", "9" * 38, "²"]
NUMBERS = st.sampled_from([*NUMBER_TEXTS, 7, None, []])
TIMES = st.sampled_from(
    ["2026-11-27T10:15:30.123456+0000", "2026-11-27T24:00:00.000000+0000", "now", "", None]
)
DOCUMENTS = st.sampled_from(['{"a": [1]}', "{}", "null", "[1", '"\t"', "\ufeff{}", 7])
RAW: dict[type[Attribute[Any]], st.SearchStrategy[Any]] = {
    BooleanAttribute: st.sampled_from([True, False, 0, "x"]),
    JSONAttribute: DOCUMENTS,
    NumberAttribute: NUMBERS,
    NumberSetAttribute: st.lists(NUMBERS, max_size=3),
    TTLAttribute: st.sampled_from(["1795773330", "0", "1.5", "soon"]),
    UnicodeAttribute: st.one_of(st.text(max_size=3), st.just(7)),
    UnicodeSetAttribute: st.lists(st.text(max_size=3), max_size=3),
    UTCDateTimeAttribute: TIMES,
}
# What an attribute has instead of a value of its type.
OTHERS = st.sampled_from([{}, {"NULL": True}, {"X": "1"}, {"N": "1"}, {"S": "text"}, {"L": []}])


def containers() -> list[type[AttributeContainer]]:
    found = [Table, Document]
    modules = [f"{models.__name__}.{module.name}" for module in iter_modules(models.__path__)]
    named = [value for name in modules for value in vars(import_module(name)).values()]
    return [
        value
        for value in dict.fromkeys(each for each in named if isinstance(each, type))
        if issubclass(value, Extensible) and value not in found
    ]


def raw_values(attribute: Any) -> st.SearchStrategy[Any]:
    if isinstance(attribute, MapAttribute):
        return stored_items(type(attribute))
    if isinstance(attribute, ListAttribute):
        element = attribute.element_type()
        return st.lists(typed_values(element), max_size=3)
    return RAW[type(attribute)]


def typed_values(attribute: Any) -> st.SearchStrategy[Any]:
    good = raw_values(attribute).map(lambda raw: {attribute.attr_type: raw})
    return st.one_of(good, good, good, good, good, OTHERS)


def stored_items(container: type[AttributeContainer]) -> st.SearchStrategy[Any]:
    known = {
        attribute.attr_name: typed_values(attribute)
        for attribute in container.get_attributes().values()
    }
    unknown = {"of_newer_code": st.just({"M": {"a": {"B": b"1"}}}), "another": OTHERS}
    return st.fixed_dictionaries({}, optional=known | unknown)


def contents(value: Any) -> Any:
    """Everything that an item has, with the types of its values."""
    if isinstance(value, AttributeContainer):
        values = {name: contents(each) for name, each in value.attribute_values.items()}
        return type(value), values, contents(dict(value.unknown))
    if isinstance(value, list | tuple):
        return type(value), [contents(each) for each in value]
    if isinstance(value, dict):
        return {name: contents(each) for name, each in value.items()}
    return type(value), repr(sorted(value, key=repr)) if isinstance(value, set) else repr(value)


def read(container: type[Any], stored: Any, *, is_fast: bool) -> tuple[str, Any]:
    with patch.object(fast_path, "is_on", lambda: is_fast):
        try:
            return "read", contents(container._instantiate(stored))  # noqa: SLF001
        except Exception as error:  # noqa: BLE001 (errors are compared, too)
            return type(error).__name__, str(error)


@pytest.mark.parametrize("container", containers(), ids=lambda container: container.__name__)
@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_item_is_read_as_pynamodb_reads_it(container, data):
    stored = data.draw(stored_items(container))

    assert read(container, stored, is_fast=True) == read(container, stored, is_fast=False)


TABLES = [container for container in containers() if issubclass(container, Table)]
SUMMER_TIME = timezone(timedelta(hours=2))
A_TIME = datetime(2026, 11, 27, 10, 15, 30, 123456, UTC)
# Of other types, too: a mistake in code has to fail in the same way.
GIVEN = st.sampled_from(
    [
        *(None, 7, 0, 1.5, True, "", "text", A_TIME, A_TIME.replace(tzinfo=None), [], {}),
        *(A_TIME.replace(microsecond=0), A_TIME.replace(year=7), A_TIME.astimezone(SUMMER_TIME)),
        *(["text", "more"], ["text", 7], [["text"]], ("text", "more"), [""]),
        *({"a": 1}, ["text", None], {"x"}, [{"a": 1}]),
    ]
)


def given_values(container: type[AttributeContainer]) -> st.SearchStrategy[Any]:
    """Values of attributes by their names: some as they are stored, some of another type."""
    stored = stored_items(container).map(lambda stored: read_values(container, stored))
    others = st.dictionaries(st.sampled_from([*container.get_attributes()]), GIVEN, max_size=4)
    return st.tuples(stored, others).map(lambda both: both[0] | both[1])


def read_values(container: type[Any], stored: Any) -> dict[str, Any]:
    try:
        return dict(container._instantiate(stored).attribute_values)  # noqa: SLF001
    except Exception:  # noqa: BLE001 (what cannot be read has no values)
        return {}


def write(make: Any, null_check: bool, *, is_fast: bool) -> list[Any]:
    """What the item has, and what it stores."""
    connection()  # the one that all tests share is made as the settings say
    with patch.object(fast_path, "is_on", lambda: is_fast):
        found: list[Any] = []
        try:
            item = make()
            found += [contents(item)]
            found += [contents(item.serialize(null_check=null_check))]
            key = type(item)._hash_key_attribute()  # noqa: SLF001
            for condition in (None, key.does_not_exist(), key != "text"):
                for returned in (None, "ALL_OLD"):
                    found += [item.get_save_kwargs_from_instance(condition, returned)]
        except Exception as error:  # noqa: BLE001
            found += [type(error).__name__, str(error)]
        return found


@pytest.mark.parametrize("container", TABLES, ids=lambda container: container.__name__)
@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_item_is_made_and_written_as_by_pynamodb(container, data):
    values = data.draw(given_values(container))
    null_check = data.draw(st.booleans())

    def make() -> Any:
        return container(**values)

    assert write(make, null_check, is_fast=True) == write(make, null_check, is_fast=False)


@pytest.mark.parametrize("container", TABLES, ids=lambda container: container.__name__)
def test_an_attribute_is_read_and_set_as_by_pynamodb(container):
    for name, attribute in container.get_attributes().items():
        assert getattr(container, name) is attribute
        for value in (None, A_TIME):
            own, theirs = container(), container()
            setattr(own, name, value)
            attribute.__set__(theirs, value)

            assert contents(own) == contents(theirs)
            assert repr(getattr(own, name)) == repr(attribute.__get__(theirs, container))


def test_an_unknown_attribute_is_refused_as_by_pynamodb():
    def make() -> Any:
        return OutboxRow(event_id="evt_1", colour="red")

    assert write(make, True, is_fast=True) == write(make, True, is_fast=False)
    assert write(make, True, is_fast=True)[0] == "ValueError"


@pytest.mark.parametrize("container", TABLES, ids=lambda container: container.__name__)
@pytest.mark.parametrize("keys", [("a",), ("a", "b"), (None, "b")], ids=["one", "two", "second"])
def test_a_key_can_be_given_without_its_name(container, keys):
    def make() -> Any:
        return container(*keys)

    assert write(make, False, is_fast=True) == write(make, False, is_fast=False)


@pytest.mark.parametrize("container", containers(), ids=lambda container: container.__name__)
def test_every_attribute_is_of_a_kind_that_is_compared(container):
    kinds = {
        type(attribute.element_type() if isinstance(attribute, ListAttribute) else attribute)
        for attribute in container.get_attributes().values()
    }

    assert container._discriminator is None  # noqa: SLF001 (the fast path knows none)
    assert all(kind in RAW or issubclass(kind, Document) for kind in kinds)


def test_all_tables_and_maps_are_compared():
    assert sum(issubclass(container, Table) for container in containers()) >= 20
    assert sum(issubclass(container, Document) for container in containers()) >= 10


def test_each_spelling_of_a_number_has_the_same_outcome():
    for raw in (*NUMBER_TEXTS, 7, None):
        stored = {"quantity": {"N": raw}}

        assert read(OrderLine, stored, is_fast=True) == read(OrderLine, stored, is_fast=False), raw


@pytest.mark.parametrize("container", TABLES, ids=lambda container: container.__name__)
@settings(deadline=None, max_examples=10, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_item_that_was_read_is_written_as_by_pynamodb(container, data):
    stored = data.draw(stored_items(container))

    def make() -> Any:
        return container._instantiate(stored)  # noqa: SLF001

    assert write(make, True, is_fast=True) == write(make, True, is_fast=False)


def test_defaults_of_two_items_are_not_one_object():
    read = [(each._instantiate({}), each._instantiate({})) for each in containers()]  # noqa: SLF001
    made = [(table(), table()) for table in TABLES]
    for first, second in read + made:
        for name, value in first.attribute_values.items():
            is_mutable = isinstance(value, list | dict | set | Document)
            assert not (is_mutable and value is second.attribute_values[name]), name
