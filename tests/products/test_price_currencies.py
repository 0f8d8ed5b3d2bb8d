"""`PriceCurrencies` says in which currencies products may be priced, by the API and by imports."""

from collections.abc import Callable
from typing import Any

import pytest

from files.workers.import_file import handler as import_file
from shared import config, ids
from shared.config import CatalogSettings
from shared.storage.models.catalog import Product
from shared.storage.models.uploads import Upload
from tests.support import imports
from tests.support.catalog import TEA, create_product, edit_product, patch_product, post_product
from tests.support.http import CONTEXT
from tests.support.imports import put_file

pytestmark = pytest.mark.usefixtures("aws")

Allow = Callable[[str], None]


@pytest.fixture
def allow(monkeypatch) -> Any:
    """Sets the parameter. Settings are read once per process, so this clears their cache."""

    def set_parameter(currencies: str) -> None:
        monkeypatch.setenv("PRICE_CURRENCIES", currencies)
        config._loaded.cache_clear()  # noqa: SLF001

    yield set_parameter
    config._loaded.cache_clear()  # noqa: SLF001


def price(currency: str, amount_minor: int = 1250) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": currency}


def import_row(currency: str, name: str = "Tea") -> list[tuple[str, str]]:
    """Imports a product with the SKU TEA. Returns the codes and messages of the refusals."""
    imports.upload()
    row = f"TEA,{name},1250,{currency},7\n"
    import_file(put_file(imports.CSV_HEADER + row), CONTEXT)
    return [(error.code, error.message) for error in Upload.get("upl_one", "upload").errors]


@pytest.mark.parametrize(
    ("parameter", "accepted"),
    [
        ("*", None),
        ("EUR", ["EUR"]),
        ("USD", ["EUR", "USD"]),
        ("USD, GBP", ["EUR", "USD", "GBP"]),
        ("USD,EUR,USD", ["EUR", "USD"]),
    ],
)
def test_the_shop_s_currency_is_always_accepted(parameter, accepted):
    section = CatalogSettings(shop_currency="EUR", price_currencies=parameter)

    assert section.accepted_currencies == accepted


@pytest.mark.parametrize("currency", ["EUR", "USD", "JPY"])
def test_by_default_any_currency_is_accepted(currency):
    assert post_product(price=price(currency)).status == 201


@pytest.mark.parametrize(
    ("parameter", "currency", "status"),
    [
        ("EUR", "EUR", 201),
        ("EUR", "USD", 422),
        ("USD", "EUR", 201),
        ("USD", "USD", 201),
        ("USD,GBP", "JPY", 422),
    ],
)
def test_a_new_product_has_an_accepted_currency(allow: Allow, parameter, currency, status):
    allow(parameter)

    assert post_product(price=price(currency)).status == status


def test_the_refusal_says_which_currencies_are_accepted(allow: Allow):
    allow("USD")

    answer = post_product(price=price("JPY"))

    assert (answer.status, answer.code) == (422, "currency_not_accepted")
    assert answer.error["details"] == {"currency": "JPY", "accepted": ["EUR", "USD"]}
    assert answer.error["message"] == "The shop has no prices in JPY. Use EUR or USD."


def test_an_edit_cannot_choose_another_currency(allow: Allow):
    tea = create_product()
    allow("EUR")

    patched = patch_product(tea["id"], {"price": {"currency": "USD"}})
    replaced = edit_product("replace", tea["id"], TEA | {"price": price("USD")})

    assert (patched.code, replaced.code) == ("currency_not_accepted", "currency_not_accepted")
    assert Product.get(tea["id"]).currency == "EUR"


def test_a_product_keeps_the_currency_that_it_has(allow: Allow):
    tea = create_product(price=price("USD"))
    allow("EUR")

    renamed = patch_product(tea["id"], {"name": "Sencha"})
    cheaper = patch_product(tea["id"], {"price": {"amount_minor": 990}})
    corrected = patch_product(tea["id"], {"price": {"currency": "EUR"}})

    assert (renamed.status, cheaper.status, corrected.status) == (200, 200, 200)
    assert corrected.body["price"] == price("EUR", 990)


def test_an_import_refuses_a_row_in_another_currency(allow: Allow):
    allow("GBP")

    refusals = import_row("USD")

    assert refusals == [("currency_not_accepted", "The shop has no prices in USD. Use EUR or GBP.")]
    assert Product.find(ids.derived_id("prd", "TEA")) is None


@pytest.mark.parametrize("currency", ["EUR", "GBP"])
def test_an_import_takes_rows_in_accepted_currencies(allow: Allow, currency):
    allow("GBP")

    assert import_row(currency) == []
    assert Product.get(ids.derived_id("prd", "TEA")).currency == currency


def test_an_import_updates_a_product_in_its_own_currency(allow: Allow):
    create_product(sku="TEA", price=price("USD"))
    allow("EUR")

    assert import_row("USD", name="Sencha") == []
    assert Product.get(ids.derived_id("prd", "TEA")).name == "Sencha"
