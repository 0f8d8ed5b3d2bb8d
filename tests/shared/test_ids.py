"""Pure: identifiers."""

import base64
import hashlib
import re

import pytest

from shared import ids

SHAPE = re.compile(r"ord_[a-z2-7]{32}")


def test_a_derived_id_never_changes():
    assert ids.derived_id("ord", "usr_ada", "key-1") == "ord_kfwbdtonu6jxasgwovfczj4tagabnkru"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "bc"), ("ab", "c")),
        (("a", "b"), ("b", "a")),
        (("a",), ("a", "")),
        ((), ("",)),
        (("a\x00\x00\x00\x01b",), ("a", "b")),
        (("é",), ("e\u0301",)),
    ],
)
def test_other_parts_make_another_id(one, other):
    assert ids.derived_id("ord", *one) != ids.derived_id("ord", *other)


def test_only_the_prefix_depends_on_the_kind():
    order, product = ids.derived_id("ord", "x"), ids.derived_id("prd", "x")

    assert (order[:4], product[:4]) == ("ord_", "prd_")
    assert order[4:] == product[4:]


def test_an_id_is_opaque_and_safe_in_a_path():
    assert SHAPE.fullmatch(ids.new_id("ord"))
    assert SHAPE.fullmatch(ids.derived_id("ord", "../ 🛒"))


def test_no_two_new_ids_are_the_same():
    assert len({ids.new_id("ord") for _ in range(1000)}) == 1000


def test_ids_are_written_as_base32():
    """RFC 4648, in lower case: stored ids were written by Python's base64."""
    for part in map(str, range(500)):
        digest = hashlib.sha256(len(part.encode()).to_bytes(4, "big") + part.encode()).digest()
        expected = base64.b32encode(digest[:20]).decode().lower()
        assert ids.derived_id("prd", part) == f"prd_{expected}"
