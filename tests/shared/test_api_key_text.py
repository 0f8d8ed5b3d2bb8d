"""Pure: the text of API keys."""

import pytest

from shared import ids
from shared.security import opaque_tokens
from shared.security.api_keys import PREFIX, KeyText

KEY = KeyText("usr_" + "a" * 32, "key_" + "k" * 32, "S" * 43)


def test_a_key_contains_its_id_and_its_user():
    assert str(KEY) == f"souk_{'k' * 32}_{'a' * 32}_{'S' * 43}"
    assert str(KEY).startswith(KeyText.prefix_of(KEY.key_id) + "_")
    assert KeyText.prefix_of(KEY.key_id).startswith(PREFIX)


def test_every_new_key_can_be_parsed():
    """A secret may start with, end with and contain the separator of the parts."""
    for _ in range(500):
        made = KeyText(ids.new_id("usr"), ids.new_id("key"), opaque_tokens.new_secret())
        assert KeyText.parse(str(made)) == made


@pytest.mark.parametrize("secret", ["_" * 43, "-" * 43, "_" + "a" * 32 + "_" + "S" * 9])
def test_a_secret_is_not_mistaken_for_another_part(secret):
    key = KeyText(KEY.user_id, KEY.key_id, secret)

    assert KeyText.parse(str(key)) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "souk_",
        str(KEY) + "\n",
        " " + str(KEY),
        str(KEY)[:-1],
        str(KEY) + "S",
        str(KEY).upper(),
        str(KEY)[:-1] + "é",
        str(KEY)[:-1] + "٣",
        str(KEY).replace("k", "1"),
        str(KEY).replace("souk_", "Souk_"),
        str(KEY).replace("_a", "_a_a"),
    ],
    ids=repr,
)
def test_a_text_that_is_no_key_is_refused(text):
    with pytest.raises(ValueError, match="not an API key"):
        KeyText.parse(text)


def test_the_error_does_not_repeat_the_key():
    with pytest.raises(ValueError, match="not an API key") as refused:
        KeyText.parse(str(KEY) + "=")

    assert KEY.secret not in str(refused.value)
