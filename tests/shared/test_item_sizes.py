"""Each list inside an item has a bound, and no item exceeds DynamoDB's 400 KB."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from pynamodb.attributes import (
    Attribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberSetAttribute,
    UnicodeSetAttribute,
)

from files.chunks.service import ROWS_PER_WRITE
from files.formats.source_rows import Problem
from files.layouts.mappings import BYTES_MAX as MAPPING_BYTES_MAX
from files.planning.service import COLUMNS_SHOWN, HEADER_BYTES_MAX, WARNINGS_KEPT
from files.refusals import to_row_error
from files.repository import ERRORS_KEPT
from notifications import publishing
from orders.checkout.schemas import LINES_MAX
from orders.lifecycle import decisions, order_events, refunds, shipping
from orders.lifecycle.shipping import Tracking
from orders.pricing.rates.service import DOCUMENT_BYTES_MAX
from pictures import service as picture_service
from pictures.repository import PROBLEMS_KEPT
from products import product_edits, variants
from products.fields import OPTIONS_BYTES_MAX, Options
from products.index import catalog_entries, repository
from products.index.catalog_entries import CatalogEntry
from products.index.updates import StoredEntry, plan_updates
from products.schemas import NewProduct
from products.search import repository as search
from products.stock import levels
from products.stock.repository import LEVELS_MAX
from shared import clock, ids
from shared.errors.orders import OrderEntryLimitReached
from shared.pictures.lists import (
    ALT_MAX,
    PICTURES_MAX,
    Failure,
    ReadyPicture,
    new_picture,
    set_result,
)
from shared.pictures.messages import ImportedPictures
from shared.pictures.references import Reference, source_of
from shared.pictures.sizes import DIGEST_LENGTH, LONGER_SIDES
from shared.storage import models, outbox
from shared.storage.dynamo import Table
from shared.storage.models import listings
from shared.storage.models.catalog import Picture, Product, ProductGroup
from shared.storage.models.listings import WORDS_MAX, IndexedEntry, Spelling
from shared.storage.models.orders import Order, OrderPayment
from shared.storage.models.outbox import OutboxRow
from shared.storage.models.pricing import RateTable
from shared.storage.models.uploads import UploadPictures
from shared.storage.transactions import Transaction
from tests.support import exports as stored_orders
from tests.support import imports

ITEM_BYTES_MAX = 409_600  # DynamoDB's 400 KB
EMOJI = "\U0001f600"  # four bytes, and twelve where JSON is ASCII
PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text()
GROWING = (ListAttribute, UnicodeSetAttribute, NumberSetAttribute, JSONAttribute)
TEXTS_WITH_LISTS = {"OutboxRow.payload", "RateTable.document", "Posting.text"}


for _, name, _ in pkgutil.iter_modules(models.__path__):
    importlib.import_module(f"{models.__name__}.{name}")


def tables(base: type[Table] = Table) -> Iterator[type[Table]]:
    for table in base.__subclasses__():
        yield table
        yield from tables(table)


def growing_attributes(name: str, attributes: dict[str, Attribute[Any]]) -> Iterator[str]:
    for key, attribute in attributes.items():
        path = f"{name}.{key}"
        if isinstance(attribute, GROWING):
            yield path
        if isinstance(attribute, ListAttribute) and attribute.element_type:
            element = attribute.element_type
            if issubclass(element, MapAttribute):
                yield from growing_attributes(path, element.get_attributes())
        elif isinstance(attribute, MapAttribute):
            yield from growing_attributes(path, type(attribute).get_attributes())


def test_each_list_inside_an_item_has_a_documented_bound():
    """With sets, maps of any keys, and texts that hold lists."""
    stored = {table for table in tables() if hasattr(table, "Meta")}
    found = {
        path
        for table in stored
        for path in growing_attributes(table.__name__, table.get_attributes())
    }

    documented = set(re.findall(r"^\| `(\w+\.[\w.]+)` \| \S", PAGE, re.MULTILINE))

    assert documented == found | TEXTS_WITH_LISTS


def size_of(value: dict[str, Any]) -> int:
    """Of an attribute's value, as DynamoDB counts it."""
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return len(content) // 2 + 2
    if kind == "SS":
        return sum(len(text.encode()) for text in content)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + size_of(each) for name, each in content.items())
    if kind == "L":
        return 3 + sum(1 + size_of(each) for each in content)
    assert kind in ("BOOL", "NULL"), kind
    return 1


def item_size(item: Table) -> int:
    return sum(len(name.encode()) + size_of(each) for name, each in item.serialize().items())


def largest_product(sku: str, **changes: Any) -> Product:
    fields = {
        "sku": sku,
        "name": EMOJI * 200,
        "description": EMOJI * 5_000,
        "category": "/".join(["x" * 24] * 8),
        "price": {"amount_minor": 10**12, "currency": "EUR"},
        "tags": [f"{sku[:2]}-{number}".ljust(50, EMOJI) for number in range(20)],
        "attributes": {f"a{number}": EMOJI * 80 for number in range(48)},
        "group": "G" * 64,
        "options": largest_options(sku),
        "stock_shards": 16,
    }
    return product_edits.product_from_request(NewProduct.model_validate(fields | changes))


def largest_options(sku: str) -> dict[str, str]:
    options = {f"{number}": EMOJI * 70 for number in range(3)} | {"sku": sku}
    assert len(str(options).encode()) > OPTIONS_BYTES_MAX * 0.85
    return TypeAdapter(Options).validate_python(options)


def largest_variants() -> list[Product]:
    skus = [f"{number:02}".ljust(64, "X") for number in range(variants.VARIANTS_MAX)]
    return [largest_product(sku) for sku in skus]


def test_a_product_fits():
    assert 70_000 < item_size(largest_product("T" * 64)) < ITEM_BYTES_MAX / 3


def test_a_product_with_the_most_pictures_fits():
    product = largest_product("T" * 64)
    product.pictures = [largest_picture(number) for number in range(PICTURES_MAX)]

    pictures = item_size(product) - item_size(largest_product("T" * 64))
    assert 40_000 < pictures < 50_000
    assert item_size(product) < ITEM_BYTES_MAX / 2


def largest_picture(number: int) -> Picture:
    """A failed one has a message, and no sizes."""
    picture_id = ids.new_id("pic")
    waiting = new_picture(picture_id, EMOJI * ALT_MAX, source_of(str(number)), clock.utc_now())
    ready = ReadyPicture("f" * DIGEST_LENGTH, "webp", 50_000, 50_000, LONGER_SIDES)
    (picture,) = set_result([waiting], picture_id, ready)
    return picture


def test_the_problems_of_imported_pictures_fit():
    message = ImportedPictures("prd_" + "a" * 32, "upl_1", (Reference(EMOJI * 2_000),))
    failure = Failure("c" * 30, EMOJI * 500)
    problem = picture_service.problem_of(message, message.references[0], failure)
    found = UploadPictures("upl_1", problems=[problem] * (PROBLEMS_KEPT + 10))
    found.expires_at = clock.utc_now()

    assert 100_000 < item_size(found) < ITEM_BYTES_MAX


def test_a_group_of_the_most_variants_fits():
    group: ProductGroup | None = None
    for product in largest_variants():
        group = variants.put_variant(group, product)

    assert 250_000 < item_size(group) < ITEM_BYTES_MAX


def test_the_digests_of_the_largest_entry_fit(monkeypatch):
    products = largest_variants()
    letters = "\U00010428"  # a letter of four bytes: search indexes no emoji
    for number, product in enumerate(products):
        product.name = " ".join(f"{number}{word}".ljust(40, letters) for word in range(4))
        product.tags = [f"{number}-{tag}".ljust(50, letters) for tag in range(20)]
    available = {product.product_id: 1 for product in products}
    entry = CatalogEntry(catalog_entries.group_entry_id("G" * 64), products, available)
    listed = catalog_entries.build_listings(entry)
    postings = catalog_entries.build_entry_postings(entry)
    items: list[IndexedEntry] = []
    monkeypatch.setattr(Transaction, "commit", lambda _: None)
    monkeypatch.setattr(Transaction, "upsert", lambda _, item, **__: items.append(item))

    for update in plan_updates(StoredEntry(entry.entry_id, {}, 0), listed, postings):
        repository.store_updates([update])

    assert len(listed) == catalog_entries.PARTITIONS_MAX
    assert 300_000 < max(map(item_size, items)) < ITEM_BYTES_MAX


@pytest.mark.usefixtures("aws")
def test_an_upload_with_the_most_errors_fits():
    problem = Problem(10**6, EMOJI * 5_000, "a_code", EMOJI * 5_000, EMOJI * 5_000)
    error = to_row_error(problem)
    name = EMOJI * (HEADER_BYTES_MAX // COLUMNS_SHOWN // 4)
    columns = {
        "layout": "mapping",
        "names": [name] * COLUMNS_SHOWN,
        "empty": list(range(COLUMNS_SHOWN)),
        "uses": [["x" * 50, "x" * 200]] * COLUMNS_SHOWN,
    }

    upload = imports.upload(
        errors=[error] * ERRORS_KEPT,
        warnings=[error] * WARNINGS_KEPT,
        columns_json=columns,
        options_json={"mapping": "x" * MAPPING_BYTES_MAX},
        filename=EMOJI * 255,
    )

    assert 200_000 < item_size(upload) < ITEM_BYTES_MAX


def largest_order(line_count: int = LINES_MAX) -> Order:
    lines = [
        stored_orders.line(
            f"{number}".ljust(64, "X"),
            name=EMOJI * 200,
            allocations_json={str(shard): 10_000 for shard in range(16)},
        )
        for number in range(line_count)
    ]
    payment = OrderPayment(
        provider="stripe", payment_id="pi_one", status="captured", captured_minor=10**9
    )
    return stored_orders.new_order(lines=lines, payment=payment)


def fill(order: Order) -> None:
    """Add refunds and notes, the longest there can be, until there is no room for one."""
    long = {"by": "usr_" + "x" * 60, "reason": EMOJI * 500}
    with suppress(OrderEntryLimitReached):
        for number in range(1_000):
            decisions.refund(order, 1, **long, key=str(number), fingerprint="f" * 64)
    with suppress(OrderEntryLimitReached):
        for _ in range(1_000):
            decisions.add_note(order, EMOJI * 2_000, by=long["by"])


@pytest.mark.parametrize("line_count", [1, LINES_MAX])
def test_a_full_order_has_room_for_all_that_cannot_be_refused(line_count):
    order = largest_order(line_count)
    fill(order)
    assert len(order.refunds) > 30

    for status in ("succeeded", "failed"):
        for refund in list(order.refunds):
            refunds.apply_refund_status(
                order, refund, status=status, provider_refund_id="re_" + "x" * 60
            )
    tracking = Tracking(EMOJI * 100, EMOJI * 100, "https://" + "x" * 992)
    shipping.create_shipment(order, None, tracking, by="usr_staff", key="k", fingerprint="f" * 64)
    decisions.cancel(order, by="usr_staff", is_staff=True, reason=EMOJI * 500)

    assert {refund.status for refund in order.refunds[:30]} == {"failed"}
    assert order.status == "cancelled"
    assert 250_000 < item_size(order) < ITEM_BYTES_MAX


def test_the_longest_list_of_words_fits():
    words = {f"{number}".ljust(20, "\U00020000") for number in range(WORDS_MAX)}

    assert item_size(Spelling("~word", words=words)) < ITEM_BYTES_MAX / 10


@pytest.mark.usefixtures("aws")
def test_no_more_words_are_stored_than_a_list_has_room_for(monkeypatch):
    monkeypatch.setattr(listings, "WORDS_MAX", 3)
    words = [f"tea{letter}" for letter in "abcdef"]

    search.store_words(words)
    search.known_words.clear()
    search.store_words(words)

    assert Spelling.get("~tea", "words").words == {"teaa", "teab", "teac"}


@pytest.mark.usefixtures("aws")
def test_an_outbox_row_of_the_longest_events_fits():
    order = largest_order()
    product = largest_product("T" * 64)
    changed = list(NewProduct.model_fields)
    updated = [
        product_edits.product_updated_event(product, product, changed)
        for _ in range(ROWS_PER_WRITE)
    ]

    announced = [
        levels.level_changed_event(levels.ENOUGH, levels.LOW, product, 10**9)
        for _ in range(LEVELS_MAX)
    ]

    for batch in ([order_events.placed(order)], updated, announced):
        transaction = Transaction()
        outbox.stage_events(transaction, batch)
        transaction.commit()

    assert max(map(item_size, OutboxRow.scan())) < ITEM_BYTES_MAX / 3


@pytest.mark.usefixtures("aws")
def test_the_events_of_the_longest_order_fit():
    """Each into an entry of the bus, and those of one decision into a row of the outbox."""
    order = largest_order()
    order.payment.manual_minor = 10**9
    effects = decisions.cancel(order, by="usr_staff", is_staff=True, reason="broken")
    transaction = Transaction()

    outbox.stage_events(transaction, effects.events)
    transaction.commit()

    (row,) = OutboxRow.scan()
    entries, faults = publishing.read_row(row.to_dynamodb_dict())
    assert {entry.detail_type for entry in entries} == {
        "order.cancelled",
        "order.refund_requested",
        "order.manual_refund_required",
    }
    assert faults == []
    assert 100_000 < max(entry.size for entry in entries) < publishing.CALL_BYTES_MAX * 0.75
    assert 100_000 < item_size(row) < ITEM_BYTES_MAX * 0.75


def test_a_rate_table_fits():
    document = "x" * DOCUMENT_BYTES_MAX
    more = {"updated_at": clock.utc_now(), "updated_by": ids.new_id("usr"), "version": 10**6}

    assert item_size(RateTable("tax", document=document, **more)) < ITEM_BYTES_MAX
