"""The words that products are found by: what is typed and what is stored come out alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from products.search import spelling
from products.search.postings import build_postings
from products.search.ranking import Hit, rank
from products.search.terms import SearchQuery, Term
from products.search.tokens import tokenize, tokenize_sku
from shared.storage.models.catalog import Product


def product(sku="TEA-1", *, name="Green tea", tags=(), shards=1) -> Product:
    return Product(f"prd_{sku}", sku=sku, name=name, tags=list(tags), stock_shards=shards)


def words_of(*variants, unit="unit") -> list[str]:
    return [it.token for it in build_postings(unit, variants, variants[0])]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Crème Brûlée", ["creme", "brulee"]),
        ("cre\u0300me", ["creme"]),
        ("STRASSE straße", ["strasse", "strasse"]),
        ("İstanbul", ["istanbul"]),
        ("ﬁne №5", ["fine", "no5"]),
        (
            "<b>Tea</b><script>alert(1)</script>",
            ["b", "tea", "b", *["script", "alert", "1", "script"]],
        ),
        ("tea🍵pot ❤️ 1️⃣", ["tea", "pot", "1"]),
        ("👩‍👩‍👧", []),
        ("soft\u00adhyphen zero\u200bwidth", ["softhyphen", "zerowidth"]),
        ("\u200fתֵּה ירוק\u200f", ["תה", "ירוק"]),
        ("شَاي أخضر", ["شاي", "اخضر"]),
        ("हिन्दी", ["हिनदी"]),
        ("ชาเขียว", ["ชาเขียว"]),
        ("緑茶 100g", ["緑茶", "100g"]),
        ("a" * 200, ["a" * 40]),
        ("a" + "\u0301" * 500, ["a"]),
        ("tea\x00pot", ["tea", "pot"]),
        ("\ud800tea", ["tea"]),
        ("% * ' \" ; -- #0 :v", ["0", "v"]),
        ("  ", []),
        ("", []),
    ],
)
def test_words_are_what_is_left_without_accents_case_and_signs(text, words):
    assert tokenize(text) == words


@given(st.text())
def test_words_are_stable_and_fit_a_key(text):
    words = tokenize(text)

    assert tokenize(" ".join(words)) == words
    assert all(0 < len(word) <= 40 and "#" not in word and "|" not in word for word in words)


def test_a_sku_is_one_word_and_its_parts():
    assert tokenize_sku("TEA-Green.100") == ["teagreen100", "tea", "green", "100"]
    assert tokenize_sku("TEA") == ["tea"]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("green tea", [Term("green"), Term("tea", is_prefix=True)]),
        ("green tea ", [Term("green"), Term("tea")]),
        ("green tea!", [Term("green"), Term("tea")]),
        ("te", [Term("te")]),
        ("TEA tea", [Term("tea")]),
        ("tea green tea", [Term("tea"), Term("green")]),
        ("a b c d e f g h i jay", [Term(letter) for letter in "abcdefgh"]),
        ("...", []),
    ],
)
def test_the_last_word_of_a_query_may_go_on_until_something_ends_it(text, terms):
    assert list(SearchQuery.parse(text).terms) == terms


@given(st.text().filter(tokenize))
def test_what_was_asked_can_be_asked_again(text):
    asked = SearchQuery.parse(text)

    assert SearchQuery.parse(asked.text) == asked


def test_a_word_is_said_once_where_it_weighs_most():
    postings = build_postings("prd_TEA-1", [product()], product(tags=["tea", "hot drinks"]))

    assert {it.posting: it.shard for it in postings} == {
        "green#002#prd_TEA-1": "gre",
        "tea#002#prd_TEA-1": "tea",
        "tea1#102#prd_TEA-1": "tea",
        "1#102#prd_TEA-1": "1",
        "hot#202#prd_TEA-1": "hot",
        "drinks#202#prd_TEA-1": "dri",
    }
    assert {it.text for it in postings} == {" green tea | tea1 1 | hot drinks "}


def test_postings_do_not_depend_on_when_they_are_made():
    variants = [product("TEA-1"), product("TEA-2", tags=["b", "a"])]

    first, second = (
        [it.serialize() for it in build_postings("grp#TEA", variants, variants[1])]
        for _ in range(2)
    )

    assert first == second


def test_a_word_names_the_first_variant_that_it_is_said_of_and_the_shown_one_first():
    red, blue = product("T-RED", name="Shirt"), product("T-BLUE", name="Shirt", shards=4)

    postings = build_postings("grp#T", [red, blue], listed=blue)

    said_of = {it.token: (it.product_id, it.stock_shards) for it in postings}
    assert said_of == {
        "shirt": ("prd_T-BLUE", 4),
        "tblue": ("prd_T-BLUE", 4),
        "blue": ("prd_T-BLUE", 4),
        "t": ("prd_T-BLUE", 4),
        "tred": ("prd_T-RED", 1),
        "red": ("prd_T-RED", 1),
    }


def test_a_product_has_at_most_60_words_and_its_sku_is_among_them():
    wordy = product(
        "-".join("abcdefghijklmnopqrstuvwxyz"),
        name=" ".join(f"n{number}" for number in range(60)),
        tags=[" ".join(f"t{tag}x{number}" for number in range(10)) for tag in range(20)],
    )

    words = words_of(wordy)

    assert len(words) == len(set(words)) == 60
    assert "abcdefghijklmnopqrstuvwxyz" in words


def test_each_sku_of_the_largest_group_is_found():
    variants = [product(f"SHIRT-{number:03}-XL", name="Shirt") for number in range(100)]

    words = words_of(*variants)

    assert {f"shirt{number:03}xl" for number in range(100)} <= set(words)
    assert len(words) <= 350


def test_a_product_whose_name_has_no_word_is_found_by_its_sku():
    assert words_of(product("TEA", name="❤️❤️")) == ["tea"]


def ranked(query: str, *products: Product) -> list[str]:
    """Of products that all of the query is said of."""
    asked = SearchQuery.parse(query)
    said = [
        Hit(it.token, 0, it.text, it.entry_id, it.product_id, 1)
        for made in products
        for it in build_postings(made.product_id, [made], made)[:1]
    ]
    return [it.product_id for it in sorted(said, key=lambda it: rank(it, asked))]


def test_names_count_more_than_skus_and_those_more_than_tags():
    name, sku, tag = (
        product("1", name="Tea"),
        product("TEA-2", name="Leaf"),
        product("3", name="Leaf", tags=["tea"]),
    )

    assert ranked("tea ", tag, sku, name) == ["prd_1", "prd_TEA-2", "prd_3"]


def test_a_whole_word_comes_before_one_that_goes_on():
    assert ranked("tea", product("1", name="Teapot"), product("2", name="A", tags=["tea"])) == [
        "prd_2",
        "prd_1",
    ]


def test_a_short_name_comes_before_a_long_one():
    assert ranked("tea", product("1", name="Green tea"), product("2", name="Tea")) == [
        "prd_2",
        "prd_1",
    ]


def test_what_has_all_tokenize_its_name_comes_first():
    assert ranked(
        "green tea",
        product("1", name="Tea", tags=["green"]),
        product("2", name="Very good green tea"),
    ) == ["prd_2", "prd_1"]


def test_keys_of_one_word_are_in_the_order_of_rank():
    products = [
        product("TEA-9", name="Leaf"),
        product("8", name="Best green tea"),
        product("7", name="Tea"),
        product("6", name="Leaf", tags=["tea"]),
    ]

    keys = sorted(
        it.posting for made in products for it in build_postings(made.product_id, [made], made)
    )

    in_order = [key.rsplit("#", 1)[1] for key in keys if key.startswith(Term("tea").key_prefix)]
    assert in_order == ranked("tea ", *products)


@pytest.mark.parametrize("typed", ["taepot", "teapt", "teapott", "teapod", "eapot"])
def test_one_slip_of_the_finger_is_understood(typed):
    assert spelling.best_correction(typed, ["teapot"]) == "teapot"


@pytest.mark.parametrize("typed", ["teapto1", "taepto", "tepo", "kettle", "teapotts"])
def test_two_slips_are_another_word(typed):
    assert spelling.best_correction(typed, ["teapot"]) is None


@given(st.text("abc", min_size=1, max_size=6), st.text("abc", min_size=1, max_size=6))
def test_words_one_slip_apart_share_a_variant(one, other):
    if spelling.best_correction(one, [other]) is not None:
        assert set(spelling.deletions_of(one)) & set(spelling.deletions_of(other))


def test_the_likeliest_word_has_the_same_first_letter_and_is_rather_longer():
    assert spelling.best_correction("gren", ["wren", "gen", "green"]) == "green"


@pytest.mark.parametrize("word", ["tea", "tea100", "a" * 21, "100200"])
def test_skus_and_very_short_or_long_words_are_not_corrected(word):
    assert not spelling.is_correctable(word)
