"""`make verify` names a category whose count is not what it lists; `make repair` recounts."""

import pytest

from local import category_counts, reconciliation
from local.category_counts import CountChanged, list_recounts, list_wrong_counts
from local.reconciliation import reconcile
from local.repair import repair
from shared.storage.models.categories import CategoryCount
from shared.storage.models.listings import Listing
from tests.local import shops
from tests.support import shop
from tests.support.categories import counts

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    for module in (category_counts, reconciliation):
        monkeypatch.setattr(module.time, "sleep", lambda _: None)


def lose_counts() -> None:
    for count in CategoryCount.scan(CategoryCount.partition == "counts"):
        count.delete()


def verify() -> list[str]:
    drifts = [str(drift) for drift in reconcile(shops.shop()).drifts]
    return [drift for drift in drifts if drift.startswith("category")]


def test_right_counts_are_no_drift():
    shop.listed_product("TEA", category="kitchen/tea")

    assert verify() == []


def test_listings_of_an_earlier_release_are_counted():
    for number in range(5):
        shop.listed_product(f"P{number}", category="kitchen/tea")
    lose_counts()

    assert verify() == [
        "category kitchen: counted 0, recomputed 5",
        "category kitchen/tea: counted 0, recomputed 5",
    ]
    repairs = repair(shops.shop(), applies=True)

    assert "category kitchen: counted 0, recomputed 5" in repairs.done
    assert counts() == {"kitchen": 5, "kitchen/tea": 5}
    assert verify() == []


def test_a_count_without_listings_becomes_zero():
    shop.listed_product("TEA", category="kitchen")
    for listing in Listing.scan():
        listing.delete()

    repair(shops.shop(), applies=True)

    assert counts() == {"kitchen": 0}


def test_a_dry_run_changes_nothing():
    shop.listed_product("TEA", category="kitchen")
    lose_counts()

    repairs = repair(shops.shop(), applies=False)

    assert repairs.done == ["category kitchen: counted 0, recomputed 1"]
    assert counts() == {"kitchen": 0}


def test_a_product_during_the_recount_is_not_undone(monkeypatch):
    shop.listed_product("TEA", category="kitchen")
    lose_counts()
    ((_, recount),) = list_recounts(list_wrong_counts(shops.shop()))
    count = Listing.count

    def count_and_be_overtaken(*args, **options):
        counted = count(*args, **options)
        shop.listed_product("CUP", category="kitchen")
        return counted

    monkeypatch.setattr(Listing, "count", count_and_be_overtaken)

    with pytest.raises(CountChanged):
        recount()
