"""The size of a body is counted exactly, whatever its texts contain."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.strict_json import TooComplex, parse_object

TEXTS = st.text(st.sampled_from('"\\,{}[]:n é'))
VALUES = st.recursive(
    TEXTS | st.integers() | st.none(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4)
        | st.dictionaries(TEXTS, inner, min_size=1, max_size=4)
    ),
)


def count(value: Any) -> int:
    """All members and elements."""
    if not isinstance(value, (dict, list)):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return len(value) + sum(count(each) for each in inner)


@given(st.dictionaries(TEXTS, VALUES, min_size=1), st.booleans(), st.sampled_from([None, 2]))
def test_values_are_counted_outside_of_texts(body, ensure_ascii, indent):
    text = json.dumps(body, ensure_ascii=ensure_ascii, indent=indent)

    assert parse_object(text, values_max=count(body)) == body
    with pytest.raises(TooComplex):
        parse_object(text, values_max=count(body) - 1)
