"""Pure: ETags, and the headers that compare them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors.requests import InvalidPrecondition, StaleVersion
from shared.http.etags import ExpectedVersion, is_not_modified, make_etag

BODY = '{"name": "Teapot", "version": 7}'
ETAG = make_etag(BODY, 7)
VERSIONS = st.integers(min_value=0, max_value=10**18 - 1)


def accepts(if_match: str, version: float) -> bool:
    try:
        ExpectedVersion.parse(if_match).check(version)
    except StaleVersion:
        return False
    return True


@given(st.text(st.characters(exclude_categories=["Cs"])), st.none() | VERSIONS)
def test_an_etag_is_strong_ascii_and_deterministic(body, version):
    etag = make_etag(body, version)

    assert etag.isascii()
    assert (etag[0], etag[-1], etag.count('"')) == ('"', '"', 2)
    assert etag == make_etag(body, version)


@pytest.mark.parametrize(("body", "version"), [(BODY + " ", 7), (BODY, 8), (BODY, None), ("", 7)])
def test_another_response_has_another_etag(body, version):
    assert make_etag(body, version) != ETAG


@given(VERSIONS)
def test_an_edit_of_the_current_version_is_accepted(version):
    assert accepts(make_etag(BODY, version), version)
    assert not accepts(make_etag(BODY, version), version + 1)


@pytest.mark.parametrize("if_match", ['"7"', '"7-0f3a"', ETAG, f" {ETAG}\t", '"6", "7"', '"","7"'])
def test_an_edit_compares_only_the_version(if_match):
    """The digest also covers fields that change without an edit, such as stock."""
    assert accepts(if_match, 7)
    assert accepts(if_match, 7.0)  # DynamoDB's numbers can be floats


@pytest.mark.parametrize(
    "if_match",
    [
        '"6"',
        '"70"',
        '"-7"',
        '"7-"',
        '"7-xyz"',
        '"0x7"',
        '"7.0"',
        '"٧"',  # \d would match this digit
        '""',
        '"*"',
        '"7\\"',
        f'"{"7" * 100}"',
        f'"{"0" * 18}7"',
        make_etag(BODY),
    ],
)
def test_an_etag_of_another_version_is_stale(if_match):
    assert not accepts(if_match, 7)


@pytest.mark.parametrize("if_match", ['W/"7"', f"W/{ETAG}", f'W/{ETAG}, "6"'])
def test_a_weak_etag_matches_no_edit(if_match):
    """RFC 9110, 13.1.1 requires a strong comparison."""
    assert not accepts(if_match, 7)


@pytest.mark.parametrize("if_match", ["*", " * ", "\t*"])
def test_a_star_matches_every_version(if_match):
    expected = ExpectedVersion.parse(if_match)

    assert expected.is_any
    for version in (0, 7, 10**30):
        expected.check(version)


def test_a_list_of_etags_does_not_match_every_version():
    assert not ExpectedVersion.parse('"6", "7"').is_any


def test_a_stale_edit_gets_the_current_version():
    with pytest.raises(StaleVersion) as raised:
        ExpectedVersion.parse('"6-0f3a", "5"').check(7.0)

    assert (raised.value.status, raised.value.code) == (412, "stale_version")
    assert raised.value.details == {"current_version": 7}
    assert isinstance(raised.value.details["current_version"], int)


MALFORMED = [
    "",
    " ",
    "7",
    "7-0f3a",
    '"7',
    '7"',
    '"7" "8"',
    '"7",',
    ',"7"',
    '"7", 8',
    '"7", *',
    '*, "7"',
    "**",
    "'7'",
    "“7”",
    'w/"7"',
    'W/ "7"',
    'W"7"',
    "W/7",
    '"7 8"',
    '"7\t8"',
    '"7\n"',
    '"7"\n',
    '"\x007"',
    '"7\x7f"',
]


@pytest.mark.parametrize("header", MALFORMED)
def test_a_malformed_if_match_is_refused(header):
    with pytest.raises(InvalidPrecondition, match=r"^If-Match is malformed"):
        ExpectedVersion.parse(header)


@pytest.mark.parametrize("header", MALFORMED)
def test_a_malformed_if_none_match_matches_nothing(header):
    assert not is_not_modified(header, ETAG)


@given(st.text(max_size=500))
def test_any_header_is_parsed_or_refused(header):
    with suppress(InvalidPrecondition):
        ExpectedVersion.parse(header)
    is_not_modified(header, ETAG)


@given(st.lists(VERSIONS, min_size=1, max_size=10), VERSIONS)
def test_one_matching_etag_of_several_is_enough(listed, version):
    if_match = ", ".join(make_etag(BODY, each) for each in listed)

    assert accepts(if_match, version) == (version in listed)
    assert is_not_modified(if_match, make_etag(BODY, version)) == (version in listed)


@pytest.mark.parametrize(
    "if_none_match", [ETAG, f"W/{ETAG}", f'"0", {ETAG}', f'W/"0" ,W/{ETAG}\t', "*", " * "]
)
def test_a_matching_etag_means_not_modified(if_none_match):
    """A weak comparison, because proxies that compress responses weaken our ETags."""
    assert is_not_modified(if_none_match, ETAG)


@pytest.mark.parametrize("if_none_match", [None, '"7"', '"7-0f3a"', 'W/"7"', ETAG.upper(), '"*"'])
def test_another_etag_means_modified(if_none_match):
    """A read compares the whole response, not only the version."""
    assert not is_not_modified(if_none_match, ETAG)
