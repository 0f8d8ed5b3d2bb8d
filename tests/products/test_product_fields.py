"""The fields of a product are declared once: the patch, the stored item and the views agree."""

import pytest

from products.product_edits import changed_fields, product_from_request
from products.schemas import STORED_AS, NewProduct, ProductPatch, to_request
from products.views import StaffProductView
from shared.storage.models.catalog import Product

FIELDS = set(NewProduct.model_fields)
EVERY_FIELD = {
    "sku": "TEA",
    "name": "Green tea",
    "description": "Fresh",
    "category": "kitchen/tea",
    "price": {"amount_minor": 1250, "currency": "EUR"},
    "status": "draft",
    "tags": ["green"],
    "attributes": {"origin": "Uji", "year": 26},
    "group": "TEA",
    "options": {"size": "S"},
    "stock_shards": 4,
    "low_stock_at": 5,
    "order_quantity_max": 30,
    "tax_class": "reduced",
    "stock_policy": "backorder",
    "backorder_limit": 9,
    "compare_at_price": {"amount_minor": 1999, "currency": "EUR"},
    "weight_grams": 250,
    "barcode": "4006381333931",
}


def test_a_stored_product_gives_back_the_request():
    product = product_from_request(NewProduct.model_validate(EVERY_FIELD))

    assert EVERY_FIELD.keys() == FIELDS
    assert to_request(product) == EVERY_FIELD


def test_a_patch_can_change_every_field_but_the_sku():
    assert set(ProductPatch.model_fields) == FIELDS - {"sku"}


def test_a_patch_sends_no_default():
    """A generated client would send it, and a change of the name would put a draft on sale."""
    properties = ProductPatch.model_json_schema()["properties"].values()

    assert {field.get("default") for field in properties} == {None}


def test_staff_see_every_field():
    assert set(StaffProductView.model_fields) >= FIELDS


def test_every_field_is_an_attribute_of_the_item():
    assert set(Product.get_attributes()) >= set(STORED_AS.values())


@pytest.mark.parametrize("field", sorted(FIELDS - {"sku", "price", "group", "options"}))
def test_a_changed_field_is_named(field):
    before = product_from_request(NewProduct.model_validate(EVERY_FIELD))
    is_required = NewProduct.model_fields[field].is_required()
    without = {name: value for name, value in EVERY_FIELD.items() if name != field}
    changed = without | ({field: "Sencha"} if is_required else {})
    if field == "status":  # an omitted status stays as it is
        changed["status"] = "active"

    after = product_from_request(NewProduct.model_validate(changed), before)

    assert changed_fields(before, after) == [field]
