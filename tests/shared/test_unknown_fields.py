"""Every stored model keeps what newer code has stored in it, at every depth."""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from pynamodb.attributes import (
    Attribute,
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

from shared.storage import models
from shared.storage.documents import Document
from shared.storage.dynamo import Table, key_names
from shared.storage.models.catalog import Product, ProductGroup, Variant
from shared.storage.models.orders import Order
from shared.storage.transactions import Transaction
from tests.support.unknown_fields import (
    NAME,
    add_unknown_fields,
    assert_unknown_fields_kept,
    client,
    stored_item,
    unknown_fields_of,
)

pytestmark = pytest.mark.usefixtures("aws")

NOW, LATER = datetime(2026, 11, 27, tzinfo=UTC), datetime(2026, 11, 28, tzinfo=UTC)
SAMPLES: dict[type[Attribute], Any] = {
    BooleanAttribute: True,
    JSONAttribute: {"0": 1},
    NumberAttribute: 7,
    NumberSetAttribute: {1, 2},
    TTLAttribute: NOW,
    UnicodeAttribute: "text",
    UnicodeSetAttribute: {"a", "b"},
    UTCDateTimeAttribute: NOW,
}
OTHERS = {
    BooleanAttribute: False,
    JSONAttribute: {"0": 2, "1": 3},
    NumberAttribute: 8,
    NumberSetAttribute: {3},
    TTLAttribute: LATER,
    UnicodeAttribute: "other",
    UnicodeSetAttribute: {"c"},
    UTCDateTimeAttribute: LATER,
}


def all_modules() -> list[Any]:
    return [
        import_module(f"{models.__name__}.{module.name}")
        for module in iter_modules(models.__path__)
    ]


def tables() -> list[type[Table]]:
    found = {
        value
        for module in all_modules()
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Table) and hasattr(value, "Meta")
    }
    return sorted(found - {Table}, key=lambda table: table.__name__)


def sample_of(attribute: Attribute) -> Any:
    if isinstance(attribute, ListAttribute):
        element = attribute.element_type
        if issubclass(element, MapAttribute):
            return [filled(element), filled(element)]
        return [1, 2] if element is NumberAttribute else ["one", "two"]
    if isinstance(attribute, MapAttribute):
        return filled(type(attribute))
    return SAMPLES[type(attribute)]


def filled(container: type[Any]) -> Any:
    """An item or a map with a value for each of its attributes."""
    attributes = container.get_attributes().items()
    return container(**{name: sample_of(attribute) for name, attribute in attributes})


def store_with_unknown_fields(table: type[Table]) -> tuple[Table, dict[str, Any]]:
    """The item as this code reads it, and as it is stored."""
    filled(table).save()
    key = [str(SAMPLES[UnicodeAttribute])] * len(key_names(table))
    marked = add_unknown_fields(stored_item(table, *key))
    client().put_item(TableName=table.Meta.table_name, Item=marked)
    item = table.find(*key, consistent=True)
    assert item is not None
    return item, marked


def with_sorted_sets(value: Any) -> Any:
    """DynamoDB returns the members of a set in any order."""
    if isinstance(value, list):
        return [with_sorted_sets(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: sorted(each) if name in ("SS", "NS", "BS") else with_sorted_sets(each)
        for name, each in value.items()
    }


def without_optional(container: type[Any], stored: dict[str, Any]) -> dict[str, Any]:
    """The item as code stored it that did not know the attributes which may be missing."""
    kept = dict(stored)
    for attribute in container.get_attributes().values():
        name, is_key = attribute.attr_name, attribute.is_hash_key or attribute.is_range_key
        if not is_key and (attribute.null or attribute.default is not None):
            kept.pop(name, None)
        elif isinstance(attribute, MapAttribute):
            kept[name] = {"M": without_optional(type(attribute), stored[name]["M"])}
        elif isinstance(attribute, ListAttribute) and issubclass(
            attribute.element_type, MapAttribute
        ):
            elements = [element["M"] for element in stored[name]["L"]]
            kept[name] = {
                "L": [{"M": without_optional(attribute.element_type, each)} for each in elements]
            }
    return kept


def stored_after(item: Table) -> dict[str, Any]:
    return stored_item(type(item), *(getattr(item, name) for name in key_names(type(item))))


def documents_in(item: Table | Document) -> Iterator[Document]:
    """At any depth."""
    for name in item.get_attributes():
        value = getattr(item, name)
        for element in value if isinstance(value, list) else [value]:
            if isinstance(element, Document):
                yield element
                yield from documents_in(element)


def change_everything(item: Any) -> None:
    """Changes the item, its maps and the elements of its lists; puts the lists in another order."""
    for name, attribute in item.get_attributes().items():
        value = getattr(item, name)
        if isinstance(attribute, MapAttribute):
            setattr(item, name, value or filled(type(attribute)))
            change_everything(getattr(item, name))
        elif isinstance(attribute, ListAttribute):
            for element in value or []:
                change_numbers(element)
            setattr(item, name, list(reversed(value or sample_of(attribute))))
        elif not (attribute.is_hash_key or attribute.is_range_key):
            setattr(item, name, OTHERS[type(attribute)])


def change_numbers(element: Any) -> None:
    """The numbers alone: texts and times tell which element it is."""
    if isinstance(element, Document):
        for name, attribute in element.get_attributes().items():
            if type(attribute) is NumberAttribute and name != "row":
                setattr(element, name, OTHERS[NumberAttribute])


@pytest.mark.parametrize("table", tables(), ids=lambda table: table.__name__)
class TestEachTable:
    def test_a_whole_write_keeps_unknown_fields(self, table):
        item, before = store_with_unknown_fields(table)
        change_everything(item)

        item.save()

        assert_unknown_fields_kept(before, stored_after(item))

    def test_an_update_of_what_changed_keeps_unknown_fields(self, table):
        item, before = store_with_unknown_fields(table)
        stored = item.serialize()
        change_everything(item)

        transaction = Transaction()
        transaction.update(item, item.changes_since(stored))
        transaction.commit()

        assert_unknown_fields_kept(before, stored_after(item))

    def test_a_new_value_of_the_item_keeps_its_unknown_fields(self, table):
        item, _ = store_with_unknown_fields(table)
        new = filled(table)

        transaction = Transaction()
        transaction.upsert(new)
        transaction.commit()

        after = stored_after(item)
        assert NAME in after
        stored = type(item).from_raw_data(after).serialize()
        assert with_sorted_sets(stored) == with_sorted_sets({**new.serialize(), NAME: after[NAME]})

    def test_a_read_after_an_update_knows_unknown_fields(self, table):
        item, before = store_with_unknown_fields(table)
        item.unknown = {}

        item.refresh(consistent_read=True)

        assert with_sorted_sets(item.serialize()) == with_sorted_sets(before)

    def test_an_item_of_older_code_is_read_and_changed(self, table):
        """It lacks what newer code has added: each attribute with a default, or without a value."""
        item, before = store_with_unknown_fields(table)
        client().put_item(TableName=table.Meta.table_name, Item=without_optional(table, before))
        item.refresh(consistent_read=True)

        transaction = Transaction()
        change_everything(item)
        transaction.update(item, item.changes_since(None))
        transaction.commit()

        assert stored_after(item)[NAME] == before[NAME]
        stored = table.from_raw_data(stored_after(item)).serialize()
        assert with_sorted_sets(stored) == with_sorted_sets(item.serialize())

    def test_maps_are_documents(self, table):
        maps = [
            attribute.element_type if isinstance(attribute, ListAttribute) else type(attribute)
            for attribute in table.get_attributes().values()
            if isinstance(attribute, ListAttribute | MapAttribute)
        ]

        assert all(issubclass(found, Document) for found in maps if issubclass(found, MapAttribute))


def test_each_map_of_an_order_is_among_those_that_are_tested():
    item, before = store_with_unknown_fields(Order)

    paths = [path for path, _ in unknown_fields_of(before)]

    assert len(paths) == 1 + len(list(documents_in(item))) > 10


def test_elements_keep_unknown_fields_where_they_move():
    group, before = store_with_unknown_fields(ProductGroup)
    first, second = group.variants
    group.variants = [second, Variant(**filled(Variant).attribute_values), first]

    group.save()

    variants = stored_after(group)["variants"]["L"]
    marks = [variant["M"].get(NAME) for variant in variants]
    of_before = [variant["M"][NAME] for variant in before["variants"]["L"]]
    assert marks == [of_before[1], None, of_before[0]]


def test_a_copy_has_the_unknown_fields_of_its_original():
    group, before = store_with_unknown_fields(ProductGroup)
    copied = Variant(**group.variants[0].attribute_values)
    copied.keep_unknown_of(group.variants[0])
    copied.keep_unknown_of(None)
    group.variants = [copied, group.variants[1]]

    group.save()

    assert_unknown_fields_kept(before, stored_after(group))


def test_changes_are_written_and_removed_values_too():
    product = filled(Product)
    product.save()
    stored = product.serialize()
    product.category, product.name, product.tags = None, "New", []

    actions = product.changes_since(stored)

    transaction = Transaction()
    transaction.update(product, actions)
    transaction.commit()
    after = Product.get(product.product_id)
    assert (len(actions), after.category, after.name, after.tags) == (3, None, "New", [])
    assert after.serialize() == product.serialize()
    assert after.changes_since(after.serialize()) == []
