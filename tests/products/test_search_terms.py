"""Tokens, terms, postings, ranking and spelling corrections. Pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from products.search import spelling
from products.search.postings import build_postings
from products.search.ranking import Hit, rank
from products.search.terms import SearchQuery, Term, read_text
from products.search.tokens import Tokens, tokenize
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
        ("ชาเขียว น้ำ", ["ชาเขียว", "น้\u0e4dา"]),
        ("緑茶 100g 緑茶100g", ["緑茶", "100g", "緑茶", "100g"]),
        ("ガラス ｶﾞﾗｽ がらす からす", ["がらす", "がらす", "がらす", "からす"]),
        ("녹차", ["녹차"]),
        ("Œufs Æsir Łódź Þór Đà ð", ["oeufs", "aesir", "lodz", "thor", "da", "d"]),
        ("Smørrebrød Øl Ångström", ["smorrebrod", "ol", "angstrom"]),
        ("IŞIK Işık ışık", ["isik", "isik", "isik"]),
        ("Nẵng ĐƯỜNG", ["nang", "duong"]),
        ("ΣΊΣΥΦΟΣ Σίσυφος", ["σισυφοσ", "σισυφοσ"]),
        ("Ёлка елка", ["елка", "елка"]),
        ("ＷＤ４０ ٤٠ ४०", ["wd40", "40", "40"]),
        ("L’Oréal L'OREAL L´Oréal", ["l", "oreal", "l", "oreal", "l", "oreal"]),
        ("Tea™ m²", ["tea", "m2"]),
        ("كتـــاب چای چاي", ["كتاب", "چاي", "چاي"]),
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


@pytest.mark.parametrize(
    ("sku", "words"),
    [
        ("TEA-Green.100", ["teagreen100", "tea", "green", "100"]),
        ("TEA", ["tea"]),
        ('TEST3/4"', ["test34", "test3", "4"]),
        ("123456 Oaktree", ["123456oaktree", "123456", "oaktree"]),
        ("茶-100", ["茶", "100"]),
        ('"', []),
    ],
)
def test_a_sku_is_one_token_and_its_parts(sku, words):
    assert Tokens.from_sku(sku).words == words


@pytest.mark.parametrize(
    ("text", "words", "derived"),
    [
        ("T-Shirt", ["t", "shirt"], ["tshirt"]),
        ("T-Shirt-Set", ["t", "shirt", "set"], ["tshirt", "shirtset", "tshirtset"]),
        ("t shirt", ["t", "shirt"], ["tshirt"]),
        ("a.b.c", ["a", "b", "c"], ["ab", "bc", "abc"]),
        ("Levi's", ["levi", "s"], ["levis"]),
        ("WD-40", ["wd", "40"], ["wd40"]),
        ("wd 40", ["wd", "40"], ["wd40"]),
        ("WD40", ["wd40"], ["wd", "40"]),
        ("400 ml", ["400", "ml"], ["400ml"]),
        ("400ml", ["400ml"], ["400", "ml"]),
        ("1,5 l", ["1.5", "l"], ["1.5l"]),
        ("1.5l", ["1.5l"], ["1.5", "l"]),
        ("2½ inch", ["2", "1", "2", "inch"], []),
        ("3/4 of 10-20", ["3", "4", "of", "10", "20"], ["4of", "of10", "1020"]),
        ("1,000 or 1.000", ["1000", "or", "1000"], ["1000or", "or1000"]),
        ("1.2.3", ["1", "2", "3"], []),
        ("green tea", ["green", "tea"], []),
        ("Müller", ["muller"], ["mueller"]),
        ("緑茶 セット", ["緑茶せっと"], []),
        ("a1b2c3d4e5", ["a1b2c3d4e5"], []),
    ],
)
def test_words_that_others_write_otherwise_are_derived(text, words, derived):
    tokens = Tokens.from_text(text)

    assert tokens.words == words
    assert tokens.derived == derived


@pytest.mark.parametrize(
    ("q", "texts"),
    [
        ("tea", ["tea"]),
        ("t-shirt", ["tshirt", "t shirt"]),
        ("T SHIRT ", ["tshirt ", "t shirt "]),
        ("green-tea", ["greentea", "green tea"]),
        ("vitamin c 1000", ["vitaminc 1000", "vitamin c 1000"]),
        ("wd40", ["wd40"]),
        ("müller", ["muller", "mueller"]),
        ("緑茶", ["緑茶 "]),
        ("...", []),
    ],
)
def test_a_search_text_has_a_reading_for_each_way_to_write_it(q, texts):
    assert [query.text for query in read_text(q)] == texts


@pytest.mark.parametrize(
    ("q", "text"),
    [
        ("iphone15pro", "iphone 15 pro"),
        ("ice cream", "icecream"),
        ("緑茶セット", "緑茶 せっ と "),
        ("녹차세트", "녹차 세트 "),
        ("tea", None),
        ("green tea cup", None),
        ("녹차", None),
    ],
)
def test_a_search_without_a_match_tries_other_words(q, text):
    other = SearchQuery.parse(q).find_other_words()

    assert (other and other.text) == text


@pytest.mark.parametrize("run", ["茶", "緑茶", "녹차", "ชา", "กาแฟ", "ชาเขียว"])
def test_a_run_is_found_wherever_it_is_in_another(run):
    (term,) = SearchQuery.parse(run).terms

    for name in (run, f"大{run}", f"{run}大", f"大{run}大"):
        found = [
            posting
            for posting in build_postings("entry", [product(name=name)], product(name=name))
            if posting.shard == term.shard and posting.posting.startswith(term.key_prefix)
        ]
        assert found
        assert all(term.text_pattern in posting.text for posting in found)


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
def test_the_text_of_a_query_stands_for_the_same_query(text):
    for query in read_text(text):
        assert SearchQuery.from_text(query.text) == query


@given(st.text())
def test_a_text_is_found_by_what_it_says(text):
    tokens = Tokens.from_text(text)
    stored = f" {' '.join([*tokens.words, *tokens.derived])} "

    assert all(query.matches(stored) for query in read_text(text)[-1:])


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


def test_a_product_has_at_most_100_tokens_with_its_sku():
    wordy = product(
        "-".join("abcdefghijklmnopqrstuvwxyz"),
        name=" ".join(f"n{number}" for number in range(80)),
        tags=[" ".join(f"t{tag}x{number}" for number in range(10)) for tag in range(20)],
    )

    tokens = tokens_of(wordy)

    assert len(tokens) == len(set(tokens)) == 100
    assert "abcdefghijklmnopqrstuvwxyz" in tokens


def test_the_largest_group_has_a_token_for_each_sku():
    variants = [product(f"SHIRT-{number:03}-XL", name="Shirt") for number in range(100)]

    tokens = tokens_of(*variants)

    assert {f"shirt{number:03}xl" for number in range(100)} <= set(tokens)
    assert len(tokens) <= 350


def test_the_largest_group_of_chinese_names_is_bounded():
    variants = [
        product(f"{number}", name=chr(0x4E00 + number) * 100 + "茶" * 99) for number in range(100)
    ]

    postings = build_postings("grp#T", variants, variants[0])

    assert len(postings) <= 350
    assert all(len(posting.text) < 5_000 for posting in postings)


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
