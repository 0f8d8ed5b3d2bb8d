"""Pure: the one way to try again."""

import random
from types import SimpleNamespace

import pytest

from shared import request_budget, retries
from shared.errors.requests import ConcurrentModification, StaleVersion
from shared.http.etags import ExpectedVersion
from shared.retries import EDIT_ATTEMPTS, retry, retry_on_stale_version

ANY = ExpectedVersion.parse("*")
SEVENTH = ExpectedVersion.parse('"7"')


class Busy(Exception):
    pass


class Broken(Exception):
    pass


@pytest.fixture(autouse=True)
def pauses(monkeypatch) -> list[float]:
    """The length of each pause, without waiting."""
    seconds: list[float] = []
    monkeypatch.setattr(retries, "time", SimpleNamespace(sleep=seconds.append))
    return seconds


@pytest.fixture
def _longest_pauses(monkeypatch):
    monkeypatch.setattr(random, "uniform", lambda _, longest: longest)


class Attempts:
    """Raises each of these errors once, and then returns the number of the attempt."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.count = 0

    def __call__(self) -> int:
        self.count += 1
        if self._errors:
            raise self._errors.pop(0)
        return self.count


def test_a_first_success_returns_at_once(pauses):
    attempt = Attempts()

    assert retry(attempt, on=(Busy,), attempts=4) == 1
    assert (attempt.count, pauses) == (1, [])


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_a_failed_attempt_is_repeated_until_it_succeeds(pauses, failures):
    attempt = Attempts(*[Busy()] * failures)

    assert retry(attempt, on=(Busy,), attempts=4) == failures + 1
    assert len(pauses) == failures


def test_the_last_error_is_raised_without_a_further_pause(pauses):
    errors = [Busy("first"), Busy("second"), Busy("third"), Busy("fourth")]

    with pytest.raises(Busy, match="third"):
        retry(Attempts(*errors), on=(Busy,), attempts=3)

    assert len(pauses) == 2


def test_only_the_named_errors_are_retried(pauses):
    attempt = Attempts(Busy(), Broken())

    with pytest.raises(Broken):
        retry(attempt, on=(Busy,), attempts=4)

    assert (attempt.count, len(pauses)) == (2, 1)


def test_a_single_attempt_is_not_retried(pauses):
    with pytest.raises(Busy):
        retry(Attempts(Busy()), on=(Busy,), attempts=1)

    assert pauses == []


@pytest.mark.usefixtures("_longest_pauses")
@pytest.mark.parametrize(
    ("offset", "longest"), [(0, [0.05, 0.1, 0.2]), (1, [0.1, 0.2, 0.4]), (4, [0.8, 1.6, 3.2])]
)
def test_pauses_double_from_the_backoff_offset(pauses, offset, longest):
    retry(Attempts(*[Busy()] * 3), on=(Busy,), attempts=4, backoff_offset=offset)

    assert pauses == pytest.approx(longest)


def test_pauses_have_full_jitter(pauses):
    for _ in range(200):
        retry(Attempts(Busy()), on=(Busy,), attempts=2)

    assert 0 <= min(pauses) < 0.01
    assert 0.04 < max(pauses) <= 0.05


@pytest.mark.parametrize("expected", [None, ANY])
@pytest.mark.parametrize("failures", [0, 1, EDIT_ATTEMPTS - 1])
def test_an_edit_of_any_version_is_retried(expected, failures):
    edit = Attempts(*[StaleVersion()] * failures)

    assert retry_on_stale_version(edit, expected) == failures + 1


@pytest.mark.parametrize("expected", [None, ANY])
def test_an_edit_that_always_loses_is_a_concurrent_modification(expected):
    edit = Attempts(*[StaleVersion()] * 100)

    with pytest.raises(ConcurrentModification) as raised:
        retry_on_stale_version(edit, expected)

    assert edit.count == EDIT_ATTEMPTS == 5
    assert isinstance(raised.value.__cause__, StaleVersion)


def test_an_edit_of_one_version_is_not_retried(pauses):
    """The client must decide what its edit means for the version that it has not seen."""
    edit = Attempts(StaleVersion(current_version=8))

    with pytest.raises(StaleVersion) as raised:
        retry_on_stale_version(edit, SEVENTH)

    assert (edit.count, pauses) == (1, [])
    assert raised.value.details == {"current_version": 8}


@pytest.mark.parametrize("expected", [None, ANY, SEVENTH])
def test_other_errors_are_retried_if_the_caller_names_them(expected):
    edit = Attempts(Busy(), Busy())

    assert retry_on_stale_version(edit, expected, also_on=(Busy,)) == 3


@pytest.mark.parametrize("expected", [None, ANY, SEVENTH])
def test_named_errors_end_in_a_concurrent_modification(expected):
    with pytest.raises(ConcurrentModification):
        retry_on_stale_version(Attempts(*[Busy()] * 100), expected, also_on=(Busy,))


@pytest.mark.parametrize("expected", [None, ANY, SEVENTH])
def test_an_edit_raises_every_other_error_at_once(expected):
    edit = Attempts(Broken())

    with pytest.raises(Broken):
        retry_on_stale_version(edit, expected)

    assert edit.count == 1


@pytest.mark.usefixtures("_longest_pauses")
def test_pauses_stop_doubling_where_the_caller_says(pauses):
    retry(Attempts(*[Busy()] * 5), on=(Busy,), attempts=6, doublings=1)

    assert pauses == pytest.approx([0.05, 0.1, 0.1, 0.1, 0.1])


def test_pauses_count_towards_the_budget_of_the_request(pauses):
    with request_budget.limit_retries() as budget:
        retry(Attempts(*[Busy()] * 3), on=(Busy,), attempts=4)

    assert budget.seconds == pytest.approx(sum(pauses))
    assert len(pauses) == 3
