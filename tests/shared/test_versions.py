"""Pure: ETags, and what an edit or a reader says that it has seen."""

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
def test_an_etag_is_a_strong_one_of_ascii_and_the_same_for_the_same_bytes(body, version):
    etag = make_etag(body, version)

    assert etag.isascii()
    assert (etag[0], etag[-1], etag.count('"')) == ('"', '"', 2)
    assert etag == make_etag(body, version)


@pytest.mark.parametrize(("body", "version"), [(BODY + " ", 7), (BODY, 8), (BODY, None), ("", 7)])
def test_another_answer_has_another_etag(body, version):
    assert make_etag(body, version) != ETAG


@given(VERSIONS)
def test_an_edit_is_taken_that_was_made_upon_what_there_is(version):
    assert accepts(make_etag(BODY, version), version)
    assert not accepts(make_etag(BODY, version), version + 1)


@pytest.mark.parametrize("if_match", ['"7"', '"7-0f3a"', ETAG, f" {ETAG}\t", '"6", "7"', '"","7"'])
def test_the_version_alone_decides_about_an_edit(if_match):
    """The digest is of all that was shown, of which some changes without an edit."""
    assert accepts(if_match, 7)
    assert accepts(if_match, 7.0)  # as DynamoDB's numbers may come


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
        '"٧"',  # a seven, to a regex
        '""',
        '"*"',
        '"7\\"',
        f'"{"7" * 100}"',
        f'"{"0" * 18}7"',
        make_etag(BODY),
    ],
)
def test_a_tag_that_was_not_given_for_this_version_is_a_stale_one(if_match):
    assert not accepts(if_match, 7)


@pytest.mark.parametrize("if_match", ['W/"7"', f"W/{ETAG}", f'W/{ETAG}, "6"'])
def test_a_weak_tag_is_no_ground_for_an_edit(if_match):
    """RFC 9110, 13.1.1: compared strongly."""
    assert not accepts(if_match, 7)


@pytest.mark.parametrize("if_match", ["*", " * ", "\t*"])
def test_a_star_stands_for_whatever_there_is(if_match):
    expected = ExpectedVersion.parse(if_match)

    assert expected.is_any
    for version in (0, 7, 10**30):
        expected.check(version)


def test_a_list_of_tags_is_not_any_version():
    assert not ExpectedVersion.parse('"6", "7"').is_any


def test_a_stale_edit_is_told_the_version_that_there_is():
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
def test_a_header_that_cannot_be_read_is_called_so(header):
    with pytest.raises(InvalidPrecondition, match=r"^If-Match is malformed"):
        ExpectedVersion.parse(header)
    with pytest.raises(InvalidPrecondition, match=r"^If-None-Match is malformed"):
        is_not_modified(header, ETAG)


@given(st.text(max_size=500))
def test_any_header_is_either_read_or_refused(header):
    for ask in (lambda: ExpectedVersion.parse(header), lambda: is_not_modified(header, ETAG)):
        with suppress(InvalidPrecondition):
            ask()


@given(st.lists(VERSIONS, min_size=1, max_size=10), VERSIONS)
def test_of_several_tags_any_may_be_the_one(listed, version):
    if_match = ", ".join(make_etag(BODY, each) for each in listed)

    assert accepts(if_match, version) == (version in listed)
    assert is_not_modified(if_match, make_etag(BODY, version)) == (version in listed)


@pytest.mark.parametrize(
    "if_none_match", [ETAG, f"W/{ETAG}", f'"0", {ETAG}', f'W/"0" ,W/{ETAG}\t', "*", " * "]
)
def test_a_reader_has_it_already(if_none_match):
    """Compared weakly: whoever compresses the answer on its way makes a weak tag of ours."""
    assert is_not_modified(if_none_match, ETAG)


@pytest.mark.parametrize("if_none_match", [None, '"7"', '"7-0f3a"', 'W/"7"', ETAG.upper(), '"*"'])
def test_a_reader_has_something_else(if_none_match):
    """To a reader, all that is shown counts, and not the version alone."""
    assert not is_not_modified(if_none_match, ETAG)
