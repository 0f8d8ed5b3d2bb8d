"""Search: matches, ranking, pages, cursors and spelling corrections."""

import pytest

from benchmarks.endpoint import record_calls
from products.search import repository
from products.search.postings import build_postings
from products.search.repository import QUERIES_MAX
from products.search.routes import routes
from shared import clock, ids
from shared.config import CursorSettings
from shared.http.api import create_api
from shared.storage.models.catalog import Product, Stock
from shared.storage.models.listings import Posting
from tests.support.http import NOBODY, Answer, send

pytestmark = pytest.mark.usefixtures("aws", "no_known_words")

api = create_api(CursorSettings)
api.include_router(routes)


@pytest.fixture
def no_known_words():
    """An instance remembers the words of one table, and each test has a table of its own."""
    repository.known_words.clear()


@pytest.fixture
def small_windows(monkeypatch):
    """Four postings a Query: as if every word had more postings than a Query reads."""
    monkeypatch.setattr(repository, "POSTINGS_READ_MAX", 4)
    monkeypatch.setattr(repository, "UNFILTERED_READ_MAX", 4)


def product(sku: str, name: str, **changes) -> Product:
    """Stored and on sale, but not indexed."""
    stored = Product(
        ids.derived_id("prd", sku),
        **{
            "sku": sku,
            "name": name,
            "description": "",
            "price_minor": 1000,
            "currency": "EUR",
            "status": "active",
            "tags": [],
            "attributes_json": {},
            "created_at": clock.utc_now(),
            "updated_at": clock.utc_now(),
            "version": 1,
        }
        | changes,
    )
    stored.save()
    return stored


def index(entry_id: str, *variants: Product) -> list[Posting]:
    postings = build_postings(entry_id, variants, variants[0])
    for posting in postings:
        posting.save()
    repository.store_words({posting.token for posting in postings})
    return postings


def indexed(sku: str, name: str, **changes) -> Product:
    """Stored and indexed."""
    stored = product(sku, name, **changes)
    index(stored.product_id, stored)
    return stored


def search(q: str, **query) -> Answer:
    return send(api.resolve, "products.search", caller=NOBODY, query={"q": q, **query})


def names(answer: Answer) -> list[str]:
    return [item["name"] for item in answer.body["items"]]


def followed(q: str, **query) -> list[str]:
    """All names, from the first page to the last."""
    page = search(q, **query)
    found = names(page)
    while page.body["next_cursor"]:
        page = search(q, **query, cursor=page.body["next_cursor"])
        found += names(page)
    return found


@pytest.mark.parametrize(
    "q",
    [
        "green teapot",
        "TEAPOT green",
        "teap",
        "grün",
        "enamel",
        "ktp-7",
        "KTP7",
        "teapot en",
        "ktp7",
    ],
)
def test_words_of_name_sku_and_tags_find_a_product(q):
    indexed("KTP-7", "Green Teapot", tags=["Enamel", "grün", "en"])
    indexed("CUP-1", "Teacup", tags=["steel"])

    answer = search(q)

    assert answer.status == 200
    assert names(answer) == ["Green Teapot"]
    assert answer.body["corrected"] is None
    assert answer.body["next_cursor"] is None


def test_a_product_must_match_all_words():
    indexed("1", "Green tea")
    indexed("2", "Green cup")

    assert names(search("green cup")) == ["Green cup"]
    assert names(search("green saucer")) == []


@pytest.mark.parametrize(("q", "found"), [("tea ", ["Tea"]), ("tea", ["Tea", "Teacup"])])
def test_only_the_last_word_can_be_a_prefix(q, found):
    indexed("1", "Teacup")
    indexed("2", "Tea")

    assert names(search(q)) == found


def test_the_best_matches_come_first():
    indexed("1", "Cup", tags=["tea"])
    indexed("TEA-2", "Cup")
    indexed("3", "Teacup")
    indexed("4", "Green tea")
    indexed("5", "Tea")

    assert names(search("tea")) == ["Tea", "Green tea", "Cup", "Cup", "Teacup"]


def test_results_have_the_current_product_and_stock():
    tea = indexed("TEA", "Tea")
    Stock(tea.product_id, available=7, version=1).save()
    tea.update([Product.price_minor.set(900)])

    (item,) = search("tea").body["items"]

    assert item["id"] == tea.product_id
    assert item["available"] == 7
    assert item["price"] == {"amount_minor": 900, "currency": "EUR"}


def test_archived_products_disappear_before_the_index_updates():
    indexed("1", "Tea").update([Product.status.set("archived")])
    indexed("2", "Tea cup")

    assert names(search("tea")) == ["Tea cup"]


def test_a_group_appears_once_as_the_variant_searched_for():
    red, blue = product("SHIRT-RED", "Shirt"), product("SHIRT-BLUE", "Shirt")
    index("grp#SHIRT", red, blue)

    assert [item["sku"] for item in search("shirt").body["items"]] == ["SHIRT-RED"]
    assert [item["sku"] for item in search("shirt blue").body["items"]] == ["SHIRT-BLUE"]
    assert [item["sku"] for item in search("blue shirt").body["items"]] == ["SHIRT-BLUE"]


def test_an_entry_with_two_matching_words_appears_once():
    indexed("TEA", "Teapot for teatime", tags=["teas"])

    assert names(search("tea")) == ["Teapot for teatime"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("q", ["tea", "tea ", "tea green", "green tea"])
def test_following_the_cursor_gives_each_product_once(q, limit):
    names_of_all = {indexed(f"TEA-{number}", f"Green tea {number}").name for number in range(7)}

    found = followed(q, limit=str(limit))

    assert sorted(found) == sorted(names_of_all)


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize("limit", [1, 3, 100])
@pytest.mark.parametrize("q", ["tea", "tea ", "tea green ", "green tea"])
def test_windows_of_common_words_give_each_product_once(q, limit):
    names_of_all = {
        indexed(f"TEA-{number}", f"Green teas tea {number}").name for number in range(13)
    }

    assert sorted(followed(q, limit=str(limit))) == sorted(names_of_all)


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize("q", ["tea", "tea ", "tea green"])
def test_changes_while_paging_neither_skip_nor_repeat_results(q):
    names_by_rank = [f"Green tea{' a' * number} b{number}" for number in range(12)]
    for name in names_by_rank[::2]:
        indexed(name[-2:], name)
    lasting = names_by_rank[4::2]
    page, found = search(q, limit="1"), []

    for step in range(40):
        found += names(page)
        if step == 1:
            doomed = indexed("b2", names_by_rank[2])
            for posting in build_postings(doomed.product_id, [doomed], doomed):
                posting.delete()
            for name in names_by_rank[1::2]:
                indexed(name[-2:], name)
        if page.body["next_cursor"] is None:
            break
        page = search(q, limit="1", cursor=page.body["next_cursor"])

    assert page.body["next_cursor"] is None
    assert len(found) == len(set(found))
    assert set(lasting) <= set(found)


@pytest.mark.usefixtures("small_windows")
def test_a_search_reads_a_limited_number_of_windows():
    for number in range(40):
        indexed(f"T-{number}", f"Tea {number}")
        indexed(f"C-{number}", f"Cup {number}")
    indexed("BOTH", "A very long name for a cup of tea")

    with record_calls() as calls:
        answer = search("tea cup ")

    queries = [call for call in calls if call.operation == "Query"]
    assert len(queries) == QUERIES_MAX
    assert all(b'"Limit": 4' in call.body for call in queries)
    assert names(answer) == []
    assert answer.body["next_cursor"] is not None
    assert followed("tea cup ") == ["A very long name for a cup of tea"]


@pytest.mark.parametrize(
    ("q", "corrected"),
    [
        ("taepot", "teapot"),
        ("tepot", "teapot"),
        ("teapoot", "teapot"),
        ("geren teapot", "green teapot"),
        ("geren teap", "green teap"),
        ("gren taepot", "green taepot"),
    ],
)
def test_a_word_with_one_wrong_letter_is_corrected(q, corrected):
    indexed("KTP-7", "Green teapot")

    answer = search(q)

    expected = [] if corrected == "green taepot" else ["Green teapot"]
    assert names(answer) == expected
    assert answer.body["corrected"] == (corrected if expected else None)


def test_a_search_with_results_is_not_corrected():
    indexed("1", "Green tea")
    indexed("2", "Greed")

    answer = search("greed")

    assert names(answer) == ["Greed"]
    assert answer.body["corrected"] is None


def test_words_that_products_have_are_not_corrected():
    indexed("1", "Green bowl")
    indexed("2", "Blue bowls")

    answer = search("green bowls ")

    assert names(answer) == []
    assert answer.body["corrected"] is None


def test_a_sku_is_not_corrected_to_another():
    indexed("TEA-1001", "Tea")

    assert names(search("tea1002")) == []
    assert names(search("TEA-1002")) == []


def test_all_pages_of_a_corrected_search_use_the_correction():
    names_of_all = [indexed(f"TEA-{number}", f"Teapot {number}").name for number in range(5)]

    assert sorted(followed("taepot", limit="2")) == names_of_all
    first = search("taepot", limit="2")
    second = search("taepot", limit="2", cursor=first.body["next_cursor"])
    assert second.body["corrected"] == first.body["corrected"] == "teapot"


def test_an_empty_result_costs_at_most_eight_queries():
    indexed("TEA", "Teapot")

    with record_calls() as calls:
        answer = search("taepot kettel cupp saucre plates ")

    assert names(answer) == []
    operations = [call.operation for call in calls]
    assert operations.count("Query") <= QUERIES_MAX
    assert operations.count("BatchGetItem") <= 1


def test_storing_known_words_writes_nothing():
    repository.store_words(["teapot", "kettle"])
    repository.known_words.clear()  # another instance

    with record_calls() as calls:
        repository.store_words(["teapot", "kettle", "tea", "tea100"])
        repository.store_words(["teapot", "kettle"])

    assert [call.operation for call in calls] == ["BatchGetItem"]


@pytest.mark.parametrize(
    "q",
    [
        "%",
        "*",
        "'\"`",
        "...",
        "🍵",
        "\x00",
        "\u200b",
        "#",
        "~",
        "|",
    ],
)
def test_a_search_without_a_word_is_refused(q):
    answer = search(q)

    assert answer.status == 422
    assert answer.code == "invalid_fields"
    assert answer.paths == ["query.q"]


@pytest.mark.parametrize("q", ["", "a" * 201, "tea " * 2500])
def test_a_search_text_has_1_to_200_characters(q):
    answer = search(q)

    assert answer.status == 422
    assert answer.paths == ["query.q"]


@pytest.mark.parametrize(
    "q",
    [
        "%tea%",
        "tea*",
        "tea' OR '1'='1",
        'tea" }, "Limit": 9999',
        "contains(text, :v) OR attribute_exists(shard)",
        "#0 = :0",
        "tea#000",
        "~tea",
        "tea | tea",
        "tea\x00",
        "<script>tea</script>",
        "\u202etea",
        "a " * 100,
        "\U0001d54f" * 200,
        "नमस्ते " * 20,
    ],
)
def test_no_text_can_inject_more_than_its_words(q):
    indexed("TEA-1", "Tea <b>bold</b>")
    indexed("CUP-1", "Cup")

    answer = search(q)

    assert answer.status == 200
    assert set(names(answer)) <= {"Tea <b>bold</b>"}


def test_the_limit_and_the_cursor_are_checked():
    indexed("1", "Tea one")
    indexed("2", "Tea two")
    cursor = search("tea", limit="1").body["next_cursor"]

    assert search("tea", limit="101").status == 422
    assert search("tea", cursor="nonsense").code == "invalid_cursor"
    assert search("tea ", cursor=cursor).code == "cursor_query_mismatch"
    assert search("TEA", cursor=cursor).status == 200


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize("letter", ["a", "ش", "\U00010428"])
def test_a_cursor_is_shorter_than_its_parameter_allows(letter):
    for number in range(12):
        indexed(f"SKU-{number}", letter * 80 + f" {letter}{number}", tags=["x" * 50])

    page, longest = search(letter * 40, limit="1"), 0
    while page.body["next_cursor"]:
        longest = max(longest, len(page.body["next_cursor"]))
        page = search(letter * 40, limit="1", cursor=page.body["next_cursor"])

    assert 0 < longest < 2000
