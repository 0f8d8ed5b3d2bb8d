"""docs/importing.md says of each column of each system where it goes, as the code does.

`SOUK_RECORD_TABLES=1` writes the tables of the page.
"""

import csv
import os
import re

import pytest

from files.layouts.mappings import MappedField
from files.layouts.own_columns import OWN_COLUMNS
from files.layouts.own_targets import find_own_target
from files.layouts.recognition import SYSTEMS
from files.layouts.systems import UNRECOGNISED
from files.layouts.targets import Target
from local.paths import ROOT
from tests.files.layouts import (
    test_magento,
    test_medusa,
    test_prestashop,
    test_prestashop_combinations,
    test_shopify,
)
from tests.files.layouts.samples import SAMPLES

PAGE = ROOT / "docs" / "importing.md"
MAGENTO = (
    "special_price_from_date,url_key,meta_title,meta_keywords,meta_description,tax_class_name,"
    "visibility,small_image,thumbnail_image,created_at,updated_at,country_of_manufacture,"
    "out_of_stock_qty,is_in_stock,website_id,related_skus,crosssell_skus,upsell_skus,"
    "additional_image_labels,custom_options,configurable_variation_labels,associated_skus"
)
MAGENTO_1 = (
    "_store,_attribute_set,_type,_category,_root_category,_media_image,_super_products_sku,"
    "_super_attribute_code,_super_attribute_option,_super_attribute_price_corr,_tier_price_price,"
    "_group_price_price,_links_related_sku,_associated_sku,_custom_option_title"
)
MEDUSA = (
    "Product Material,Product Origin Country,Product External Id,Variant Weight,"
    "Product Collection Id,Product Type Id"
)
HEADERS = {
    "shopify": [*test_shopify.NEW],
    "shopify_inventory": test_shopify.INVENTORY.split(","),
    "woocommerce": [],
    "magento": [*test_magento.TEE, *MAGENTO.split(","), *MAGENTO_1.split(",")],
    "prestashop": [*test_prestashop.MUG, "Visibility", "Minimal quantity", "Condition", "UPC"],
    "prestashop_combinations": [*test_prestashop_combinations.RED],
    "medusa": [*test_medusa.ONE, *test_medusa.TWO, *MEDUSA.split(",")],
}


def headers(system: str) -> list[str]:
    """The columns of the system's own files; those of the samples first."""
    sample = SAMPLES / f"{system}_products.csv"
    if not sample.exists():
        return list(dict.fromkeys(HEADERS[system]))
    with sample.open(newline="", encoding="utf-8") as file:
        return list(dict.fromkeys([*next(csv.reader(file)), *HEADERS[system]]))


def find(system: str, column: str) -> Target | None:
    if system == "souk":
        return find_own_target(column)
    return SYSTEMS[system].find_target(column)


def table(system: str) -> str:
    columns = OWN_COLUMNS if system == "souk" else headers(system)
    rows = ["| column | goes to | |", "|---|---|---|"]
    for column in columns:
        target = find(system, column)
        assert target is not None
        place = f"`{target.field}`" if target.field else "ignored" if not target.slot else "-"
        rows.append(f"| `{column.replace('|', '/')}` | {place} | {target.note or ''} |")
    return "\n".join(rows) + "\n"


def block(system: str) -> re.Pattern[str]:
    return re.compile(rf"(?<=<!-- columns of {system} -->\n)[^<]*(?=<!-- end -->)")


@pytest.fixture(scope="module", autouse=True)
def record():
    if os.environ.get("SOUK_RECORD_TABLES"):
        text = PAGE.read_text()
        for system in ("souk", *SYSTEMS):
            text = block(system).sub(table(system), text)
        PAGE.write_text(text)


@pytest.mark.parametrize("system", ["souk", *SYSTEMS])
def test_the_page_has_each_column_of_a_system(system):
    (found,) = block(system).findall(PAGE.read_text())

    assert found == table(system)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_column_of_a_system_is_known(system):
    unknown = [column for column in headers(system) if find(system, column) is UNRECOGNISED]

    assert unknown == []


def test_the_page_names_each_field_of_a_mapping():
    page = PAGE.read_text()

    assert [name for name in MappedField.__args__ if f"`{name}`" not in page] == []


def test_the_page_explains_each_code_of_a_layout():
    sources = (ROOT / "functions" / "files" / "layouts").glob("*.py")
    code = "\n".join(path.read_text() for path in sources)
    found = set(re.findall(r'BadCell\(\s*"(\w+)"', code))
    found |= set(re.findall(r'\.(?:refuse|warn)\(\s*"[\w.]+", "(\w+)"', code))
    found |= set(re.findall(r'(?:BrokenFile|_broken_header)\("(\w+)"', code))
    found |= set(re.findall(r'Problem\(_HEADER, \S+, "(\w+)"', code))

    assert len(found) > 20
    assert [name for name in sorted(found) if f"| `{name}` |" not in PAGE.read_text()] == []
