"""Files whose rows stand before the product that they belong to, through the real handlers."""

from types import SimpleNamespace
from typing import Any

import pytest

from files.parents import service as searching
from files.planning import service as planning
from files.workers.import_file import ImportsNotContinued, handler
from shared import clock
from shared.storage.models.catalog import Product, ProductGroup
from shared.storage.models.uploads import Upload
from tests.support import imports
from tests.support.fake_clock import FakeClock
from tests.support.http import CONTEXT, sample
from tests.support.imports import put_file

pytestmark = pytest.mark.usefixtures("aws")

GROUPS, SIZES = 200, 6  # three chunks
MAGENTO = "sku,product_type,name,price,product_online,configurable_variations\n"
WOO = "ID,Type,SKU,Name,Regular price,Parent,Attribute 1 name,Attribute 1 value(s)\n"


def magento_file() -> str:
    """As Magento 2 exports it: in the order in which products were made, variants first."""
    lines = [MAGENTO]
    for group in range(GROUPS):
        skus = [f"T{group}-{size}" for size in range(SIZES)]
        lines += [f"{sku},simple,{sku},5.0000,1,\n" for sku in skus]
        cell = "|".join(f"sku={sku},size={size}" for size, sku in enumerate(skus))
        lines.append(f'T{group},configurable,Tee {group},,1,"{cell}"\n')
    return "".join(lines)


def magento_1_file() -> str:
    """A configurable product continues in a row for each of its variants."""
    lines = ["sku,_type,name,price,_super_products_sku,_super_attribute_code,"]
    lines.append("_super_attribute_option\n")
    for group in range(GROUPS):
        lines += [f"T{group}-{size},simple,T{size},5.0000,,,\n" for size in range(SIZES)]
        lines.append(f"T{group},configurable,Tee {group},,T{group}-0,size,0\n")
        lines += [f",,,,T{group}-{size},size,{size}\n" for size in range(1, SIZES)]
    return "".join(lines)


def woo_file() -> str:
    """All variations, then all products."""
    skus = [(group, size) for group in range(GROUPS) for size in range(SIZES)]
    lines = [f",variation,T{g}-{s},,5,T{g},Size,{s}\n" for g, s in skus]
    return "".join([WOO, *lines, *(f",variable,T{g},Tee {g},,,Size,\n" for g in range(GROUPS))])


def run(content: str) -> Upload:
    imports.upload()
    handler(put_file(content), CONTEXT)
    imports.run_queue(handler, CONTEXT)
    return Upload.get("upl_one", "upload")


def errors(upload: Upload) -> list[tuple[int, str]]:
    return [(int(error.row), error.code) for error in upload.errors]


def products() -> dict[str, tuple[str, str | None, Any]]:
    return {each.sku: (each.name, each.group, each.options_json) for each in Product.scan()}


EXPECTED = {
    f"T{group}-{size}": (f"Tee {group}", f"T{group}", {"Size": str(size)})
    for group in range(GROUPS)
    for size in range(SIZES)
}


def named(option: str) -> dict[str, Any]:
    return {sku: (n, g, {option: o["Size"]}) for sku, (n, g, o) in EXPECTED.items()}


@pytest.mark.parametrize(
    ("make", "option"), [(magento_file, "size"), (woo_file, "Size")], ids=["magento", "woo"]
)
def test_variants_are_groups_wherever_their_product_stands(make, option):
    upload = run(make())

    assert (upload.status, errors(upload), upload.chunks) == ("completed", [], 3)
    assert (upload.rows_total, upload.rows_done) == (GROUPS * (SIZES + 1),) * 2
    assert products() == named(option)
    assert ProductGroup.count() == GROUPS


class Runs:
    """A context whose time is over after so many looks at the clock, in each run."""

    def __init__(self, looks: int) -> None:
        self.looks, self.left = looks, 0

    def start(self) -> Any:
        self.left = self.looks
        return SimpleNamespace(**vars(CONTEXT) | {"get_remaining_time_in_millis": self._look})

    def _look(self) -> int:
        self.left -= 1
        return 10_000 if self.left >= 0 else 4_000


def for_search(content: str, chunks: int = 0) -> int:
    """The looks at the clock: before each row, before the one part, and whether the run is whole.

    A run that the schedule starts has one more.
    """
    return content.count("\n") + 1 + chunks


@pytest.mark.parametrize("chunks", [0, 1])
@pytest.mark.parametrize(
    ("make", "option"),
    [(magento_file, "size"), (magento_1_file, "size"), (woo_file, "Size")],
    ids=["magento", "magento 1", "woo"],
)
def test_planning_that_is_handed_over_finds_the_same(make, option, chunks, monkeypatch):
    fake = FakeClock()
    monkeypatch.setattr(clock, "utc_now", fake)
    content = make()
    runs = Runs(for_search(content, chunks))
    imports.upload()

    handler(put_file(content), runs.start())
    planning = 1
    while Upload.get("upl_one", "upload").phase == "planning":
        fake.advance(minutes=1)
        handler(sample("files.continue_imports"), runs.start())
        planning += 1
        assert planning < 20
    imports.run_queue(handler, CONTEXT)

    upload = Upload.get("upl_one", "upload")
    assert planning > 1
    assert (upload.status, errors(upload)) == ("completed", [])
    assert products() == named(option)


def test_a_search_is_not_repeated_by_the_next_run(monkeypatch):
    fake = FakeClock()
    monkeypatch.setattr(clock, "utc_now", fake)
    imports.upload()
    content = magento_file()
    handler(put_file(content), Runs(for_search(content)).start())
    parts = Upload.get("upl_one", "upload").parent_parts
    monkeypatch.setattr(searching.ParentSearch, "run", None)
    fake.advance(minutes=1)
    handler(sample("files.continue_imports"), Runs(GROUPS // 2).start())
    while_loading = Upload.get("upl_one", "upload").phase
    fake.advance(minutes=1)

    handler(sample("files.continue_imports"), CONTEXT)

    assert (parts, while_loading) == (1, "planning")
    assert Upload.get("upl_one", "upload").phase == "writing"


@pytest.mark.parametrize("stops_after_search", [False, True])
def test_chunks_of_code_without_a_search_are_cut_again(stops_after_search, monkeypatch):
    fake = FakeClock()
    monkeypatch.setattr(clock, "utc_now", fake)
    imports.upload()
    handler(put_file(magento_file()), Runs(1).start())
    Upload("upl_one", "upload").update([Upload.chunks_done.set(2)])
    fake.advance(minutes=20)

    if stops_after_search:
        with monkeypatch.context() as stopped:
            stopped.setattr(planning, "_cut", None)
            with pytest.raises(ImportsNotContinued):
                handler(sample("files.continue_imports"), CONTEXT)
        fake.advance(minutes=20)
    handler(sample("files.continue_imports"), CONTEXT)
    imports.run_queue(handler, CONTEXT)

    assert Upload.get("upl_one", "upload").status == "completed"
    assert products() == named("size")


def test_a_file_that_takes_too_long_to_search_fails(monkeypatch):
    fake = FakeClock()
    monkeypatch.setattr(clock, "utc_now", fake)
    imports.upload()
    left = iter([900_000, 4_000] * 3)
    context = SimpleNamespace(
        **vars(CONTEXT) | {"get_remaining_time_in_millis": lambda: next(left, 4_000)}
    )
    handler(put_file(magento_file()), context)
    for _ in range(10):
        fake.advance(minutes=1)
        left = iter([900_000, 900_000, 4_000])
        handler(sample("files.continue_imports"), context)

    upload = Upload.get("upl_one", "upload")
    assert (upload.status, errors(upload)) == ("failed", [(1, "takes_too_long")])
    assert Product.count() == 0


def test_a_variation_of_an_unknown_product_is_rejected():
    upload = run(WOO + ",variation,A,,5,POLO,Size,S\n,variable,TEE,Tee,,,Size,\n")

    assert errors(upload) == [(2, "parent_missing")]
    assert Product.count() == 0


def test_rows_of_a_malformed_product_are_rejected_with_it():
    content = WOO + ",variation,A,,5,TEE,Size,S\n,variable,TEE,Tee,,,Size,S,too,many\n"

    upload = run(content + ",simple,CUP,Cup,5,,,\n")

    assert [row for row, _ in errors(upload)] == [2, 3]
    assert errors(upload)[0][1] == "parent_rejected"
    assert list(products()) == ["CUP"]


def test_a_variant_of_two_products_is_a_warning():
    content = MAGENTO + 'A,simple,A,5.0000,1,\nTEE,configurable,Tee,,1,"sku=A,size=S"\n'

    upload = run(content + 'POLO,configurable,Polo,,1,"sku=A,size=M"\n')

    assert products() == {"A": ("Tee", "TEE", {"size": "S"})}
    assert [(each.row, each.code) for each in upload.warnings] == [(4, "variant_of_two")]


def test_variants_of_a_row_that_is_too_long_are_rejected():
    many = "|".join(f"sku=V{n},size={n}" for n in range(100_000))

    upload = run(f'{MAGENTO}V5,simple,V5,5.0000,1,\nTEE,configurable,Tee,,1,"{many}"\n')

    assert errors(upload) == [(2, "parent_rejected"), (3, "row_too_long")]
    assert Product.count() == 0
