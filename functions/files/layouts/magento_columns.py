"""The columns of Magento's product CSV: of Magento 2, and Magento 1's names of them. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from files.layouts.amounts import POINT_ROUNDED
from files.layouts.cells import parse_category_names, split_list
from files.layouts.systems import NOT_HERE
from files.layouts.targets import (
    OMIT,
    Target,
    amount,
    ignored,
    one_of,
    text_if_any,
    to,
    units_if_any,
    yes_or_no,
)

_PRICE = amount("major", POINT_ROUNDED)
# A name, and a value in quotes if it is one. A value without quotes ends before the next name.
_MEMBER = re.compile(r'(?:^|,)\s*([\w.-]{1,50})=(?:"((?:[^"]|"")*+)"(?=\s*(?:,|$)))?')
_ROOTS = ("default category", "root catalog")


_STATUS = one_of(
    {"1": "active", "2": "draft", "0": "draft"}, "Must be 1 (enabled) or 2 (disabled)."
)


def _categories(cell: str, _currency: str) -> Any:
    """The first path, without the root that a store has for all of its categories."""
    paths = [parse_category_names(path, "/") for path in split_list(cell, ",")]
    below = [path[1:] if path and path[0].casefold() in _ROOTS else path for path in paths]
    return next((path for path in below if path), OMIT)


def _pictures(cell: str, _currency: str) -> Any:
    names = [name for name in split_list(cell, ",") if name != "no_selection"]
    return names or OMIT


def parse_variations(cell: str) -> dict[str, dict[str, str]]:
    """The options of each variant by its SKU."""
    found = {}
    for variation in cell.split("|"):
        members = _parse_members(variation)
        sku = members.pop("sku", None)
        members.pop("default", None)
        if sku:
            found[sku] = members
    return found


def _parse_members(cell: str) -> dict[str, str]:
    """`color=Black,size=XS` as a dict. A comma inside of a value has no name behind it."""
    found = list(_MEMBER.finditer(cell))
    ends = [*(member.start() for member in found[1:]), len(cell)]
    members = {}
    for member, end in zip(found, ends, strict=False):
        quoted, plain = member[2], cell[member.end() : end].strip().strip('"')
        members[member[1]] = plain if quoted is None else quoted.replace('""', '"').strip()
    return members


def _members(cell: str, _currency: str) -> dict[str, str]:
    return _parse_members(cell)


_WEIGHT = ignored("the file names no unit: map it")
_NOT_HERE = (
    "attribute set code|attribute set|product websites|tax class name|tax class id|visibility|"
    "url key|meta keywords|meta keyword|small image|small image label|thumbnail image|thumbnail|"
    "thumbnail image label|thumbnail label|swatch image|swatch image label|created at|updated at|"
    "new from date|new to date|news from date|news to date|display product options in|map price|"
    "msrp price|msrp|map enabled|gift message available|custom design|custom design from|"
    "custom design to|custom layout update|page layout|product options container|"
    "msrp display actual price type|out of stock qty|use config min qty|is qty decimal|"
    "min cart qty|use config min sale qty|is in stock|use config qty increments|qty increments|"
    "use config enable qty inc|enable qty increments|is decimal divided|website id|related skus|"
    "related position|crosssell skus|crosssell position|upsell skus|upsell position|"
    "additional image labels|hide from product page|custom options|bundle price type|"
    "bundle sku type|bundle price view|bundle weight type|bundle values|bundle shipment type|"
    "configurable variation labels|configurable variation prices|associated skus|has options|"
    "required options|min qty|min sale qty|max sale qty|root category|store view|"
    "downloadable links|downloadable samples"
)
TARGETS: Mapping[str, Target] = {
    "sku": to("sku", text_if_any),
    "store view code": Target("store", text_if_any, None, "rows of a store view are left out"),
    "store": Target("store", text_if_any, None, "rows of a store view are left out"),
    "product type": Target("type", text_if_any, None, "says which rows are products"),
    "type": Target("type", text_if_any, None, "says which rows are products"),
    "categories": to("category_names", _categories, "the first one; made if it does not exist"),
    "category": to("category_names", _categories, "made if it does not exist"),
    "name": to("name", text_if_any),
    "description": to("description", text_if_any),
    "short description": Target("short_description", text_if_any, "attributes.short_description"),
    "weight": _WEIGHT,
    "product online": to("status", _STATUS, "2: a draft"),
    "status": to("status", _STATUS, "2: a draft"),
    "price": Target("regular_price", _PRICE, "price", "with a special price: compare_at_price"),
    "special price": Target("sale_price", _PRICE, "price", "only without dates"),
    "special price from date": Target("sale_starts", text_if_any, None, "then no special price"),
    "special price to date": Target("sale_ends", text_if_any, None, "then no special price"),
    "special from date": Target("sale_starts", text_if_any, None, "then no special price"),
    "special to date": Target("sale_ends", text_if_any, None, "then no special price"),
    "meta title": Target("attribute:seo_title", text_if_any, "attributes.seo_title"),
    "meta description": Target(
        "attribute:seo_description", text_if_any, "attributes.seo_description"
    ),
    "base image": to("pictures", _pictures),
    "image": to("pictures", _pictures),
    "additional images": Target("more_pictures", _pictures, "pictures"),
    "media image": Target("more_pictures", _pictures, "pictures"),
    "base image label": Target("image_alt", text_if_any, "pictures"),
    "image label": Target("image_alt", text_if_any, "pictures"),
    "country of manufacture": Target(
        "attribute:country_of_manufacture", text_if_any, "attributes.country_of_manufacture"
    ),
    "additional attributes": to("attributes", _members),
    "qty": to("available", units_if_any),
    "allow backorders": Target("backorders", units_if_any, "stock_policy"),
    "backorders": Target("backorders", units_if_any, "stock_policy"),
    "use config backorders": Target("default_backorders", yes_or_no, "stock_policy"),
    "manage stock": Target("counts", yes_or_no, "stock_policy", "0: the stock is not counted"),
    "use config manage stock": Target("default_counts", yes_or_no, "stock_policy"),
    "max cart qty": Target("units_max", units_if_any, "order_quantity_max"),
    "use config max sale qty": Target("default_units_max", yes_or_no, "order_quantity_max"),
    "notify on stock below": Target("low_stock", units_if_any, "low_stock_at"),
    "use config notify stock qty": Target("default_low_stock", yes_or_no, "low_stock_at"),
    "configurable variations": Target(
        "variations", text_if_any, "options", "of the variants that it names"
    ),
    "super products sku": Target(
        "super_sku", text_if_any, "options", "of the variants that it names"
    ),
    "super attribute code": Target("super_code", text_if_any, "options"),
    "super attribute option": Target("super_option", text_if_any, "options"),
    "super attribute price corr": Target("super_price", text_if_any, None, "leads to a warning"),
    "cost": ignored("products show no costs"),
    **dict.fromkeys(_NOT_HERE.split("|"), NOT_HERE),
}
