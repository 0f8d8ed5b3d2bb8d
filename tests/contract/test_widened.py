"""What the gate takes for wider accepts all that the last release accepted."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.document_breaks import find_breaks
from tests.contract.schema_breaks import WIDENED
from tests.contract.test_breaks import released, schema


@pytest.mark.parametrize("old", WIDENED)
@given(data=st.data())
def test_a_widened_pattern_accepts_what_it_did(old, data):
    text = data.draw(st.from_regex(re.compile(old, re.ASCII), fullmatch=True)).rstrip("\n")
    new = WIDENED[old]

    assert re.search(new["pattern"], text)
    assert new["minLength"] <= len(text) <= new["maxLength"]


def test_another_pattern_than_the_widened_one_is_a_break():
    before, after = released(), released()
    (old,) = WIDENED
    name = schema(before, "Gift")["properties"]["name"]
    name.clear()
    name |= {"type": "string", "pattern": old}
    changed = schema(after, "Gift")["properties"]["name"]
    changed.clear()
    changed |= {"type": "string", **WIDENED[old], "maxLength": 63}

    assert find_breaks(before, after)
    changed["maxLength"] = 64
    assert find_breaks(before, after) == []
