"""Tokens, terms, postings, ranking and spelling corrections. Pure."""

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


def tokens_of(*variants, entry_id="entry") -> list[str]:
    return [posting.token for posting in build_postings(entry_id, variants, variants[0])]


@pytest.mark.parametrize(
    ("text", "tokens"),
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
def test_tokens_have_no_accents_case_or_signs(text, tokens):
    assert tokenize(text) == tokens


@given(st.text())
def test_tokens_are_stable_and_fit_a_key(text):
    tokens = tokenize(text)

    assert tokenize(" ".join(tokens)) == tokens
    assert all(0 < len(token) <= 40 and not {"#", "|"} & set(token) for token in tokens)


def test_a_sku_is_one_token_and_its_parts():
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
def test_the_last_word_is_a_prefix_until_something_ends_it(text, terms):
    assert list(SearchQuery.parse(text).terms) == terms


@given(st.text().filter(tokenize))
def test_the_text_of_a_query_parses_to_the_same_query(text):
    query = SearchQuery.parse(text)

    assert SearchQuery.parse(query.text) == query


def test_a_token_has_one_posting_with_its_best_weight():
    postings = build_postings("prd_TEA-1", [product()], product(tags=["tea", "hot drinks"]))

    assert {posting.posting: posting.shard for posting in postings} == {
        "green#002#prd_TEA-1": "gre",
        "tea#002#prd_TEA-1": "tea",
        "tea1#102#prd_TEA-1": "tea",
        "1#102#prd_TEA-1": "1",
        "hot#202#prd_TEA-1": "hot",
        "drinks#202#prd_TEA-1": "dri",
    }
    assert {posting.text for posting in postings} == {" green tea | tea1 1 | hot drinks "}


def test_postings_of_equal_products_are_equal():
    variants = [product("TEA-1"), product("TEA-2", tags=["b", "a"])]

    first, second = (
        [posting.serialize() for posting in build_postings("grp#TEA", variants, variants[1])]
        for _ in range(2)
    )

    assert first == second


def test_a_posting_names_the_listed_variant_if_it_can():
    red, blue = product("T-RED", name="Shirt"), product("T-BLUE", name="Shirt", shards=4)

    postings = build_postings("grp#T", [red, blue], listed=blue)

    owners = {posting.token: (posting.product_id, posting.stock_shards) for posting in postings}
    assert owners == {
        "shirt": ("prd_T-BLUE", 4),
        "tblue": ("prd_T-BLUE", 4),
        "blue": ("prd_T-BLUE", 4),
        "t": ("prd_T-BLUE", 4),
        "tred": ("prd_T-RED", 1),
        "red": ("prd_T-RED", 1),
    }


def test_a_product_has_at_most_60_tokens_with_its_sku():
    wordy = product(
        "-".join("abcdefghijklmnopqrstuvwxyz"),
        name=" ".join(f"n{number}" for number in range(60)),
        tags=[" ".join(f"t{tag}x{number}" for number in range(10)) for tag in range(20)],
    )

    tokens = tokens_of(wordy)

    assert len(tokens) == len(set(tokens)) == 60
    assert "abcdefghijklmnopqrstuvwxyz" in tokens


def test_the_largest_group_has_a_token_for_each_sku():
    variants = [product(f"SHIRT-{number:03}-XL", name="Shirt") for number in range(100)]

    tokens = tokens_of(*variants)

    assert {f"shirt{number:03}xl" for number in range(100)} <= set(tokens)
    assert len(tokens) <= 350


def test_a_name_without_words_leaves_the_sku_as_token():
    assert tokens_of(product("TEA", name="❤️❤️")) == ["tea"]


def ranked(text: str, *products: Product) -> list[str]:
    """The ids, best first, of products that match the whole query."""
    query = SearchQuery.parse(text)
    hits = [
        Hit(posting.token, 0, posting.text, posting.entry_id, posting.product_id, 1)
        for each in products
        for posting in build_postings(each.product_id, [each], each)[:1]
    ]
    return [hit.product_id for hit in sorted(hits, key=lambda hit: rank(hit, query))]


def test_names_rank_before_skus_and_skus_before_tags():
    name, sku, tag = (
        product("1", name="Tea"),
        product("TEA-2", name="Leaf"),
        product("3", name="Leaf", tags=["tea"]),
    )

    assert ranked("tea ", tag, sku, name) == ["prd_1", "prd_TEA-2", "prd_3"]


def test_a_whole_word_ranks_before_a_prefix_match():
    assert ranked("tea", product("1", name="Teapot"), product("2", name="A", tags=["tea"])) == [
        "prd_2",
        "prd_1",
    ]


def test_a_short_name_ranks_before_a_long_one():
    assert ranked("tea", product("1", name="Green tea"), product("2", name="Tea")) == [
        "prd_2",
        "prd_1",
    ]


def test_a_name_with_all_words_ranks_first():
    assert ranked(
        "green tea",
        product("1", name="Tea", tags=["green"]),
        product("2", name="Very good green tea"),
    ) == ["prd_2", "prd_1"]


def test_keys_of_one_token_are_in_the_order_of_rank():
    products = [
        product("TEA-9", name="Leaf"),
        product("8", name="Best green tea"),
        product("7", name="Tea"),
        product("6", name="Leaf", tags=["tea"]),
    ]

    keys = sorted(
        posting.posting
        for each in products
        for posting in build_postings(each.product_id, [each], each)
    )

    in_order = [key.rsplit("#", 1)[1] for key in keys if key.startswith(Term("tea").key_prefix)]
    assert in_order == ranked("tea ", *products)


@pytest.mark.parametrize("typed", ["taepot", "teapt", "teapott", "teapod", "eapot"])
def test_a_word_at_distance_1_is_corrected(typed):
    assert spelling.best_correction(typed, ["teapot"]) == "teapot"


@pytest.mark.parametrize("typed", ["teapto1", "taepto", "tepo", "kettle", "teapotts"])
def test_a_word_at_distance_2_is_not_corrected(typed):
    assert spelling.best_correction(typed, ["teapot"]) is None


@given(st.text("abc", min_size=1, max_size=6), st.text("abc", min_size=1, max_size=6))
def test_words_at_distance_1_share_a_deletion(one, other):
    if spelling.best_correction(one, [other]) is not None:
        assert set(spelling.deletions_of(one)) & set(spelling.deletions_of(other))


def test_the_best_correction_keeps_the_first_letter():
    assert spelling.best_correction("gren", ["wren", "gen", "green"]) == "green"


@pytest.mark.parametrize("word", ["tea", "tea100", "a" * 21, "100200"])
def test_skus_and_very_short_or_long_words_are_not_corrected(word):
    assert not spelling.is_correctable(word)
