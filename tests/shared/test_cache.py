"""Pure: the cache and the staleness it promises."""

from types import SimpleNamespace

import pytest

from shared import cache


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch) -> Clock:
    ticking = Clock()
    monkeypatch.setattr(cache, "time", SimpleNamespace(monotonic=ticking.monotonic))
    return ticking


class Shelf:
    """Something that changes behind the cache."""

    def __init__(self) -> None:
        self.reads = 0
        self.price = 10
        self.price_of = cache.cached(seconds=60)(self._price_of)

    def _price_of(self, sku: str, *, currency: str = "EUR") -> str:
        self.reads += 1
        return f"{sku} {currency} {self.price}"


@pytest.mark.usefixtures("clock")
def test_an_answer_is_remembered():
    shelf = Shelf()

    answers = {shelf.price_of("tea") for _ in range(5)}

    assert (answers, shelf.reads) == ({"tea EUR 10"}, 1)


@pytest.mark.usefixtures("clock")
def test_other_arguments_have_answers_of_their_own():
    shelf = Shelf()

    answers = [shelf.price_of("tea"), shelf.price_of("pot"), shelf.price_of("tea", currency="USD")]

    assert answers == ["tea EUR 10", "pot EUR 10", "tea USD 10"]


@pytest.mark.parametrize(("later", "price"), [(59.9, 10), (60, 20), (61, 20)])
def test_an_answer_is_served_for_the_stated_seconds_and_no_longer(clock, later, price):
    shelf = Shelf()
    shelf.price_of("tea")
    shelf.price = 20

    clock.seconds += later

    assert shelf.price_of("tea") == f"tea EUR {price}"


def test_the_age_of_an_answer_counts_from_before_it_was_asked_for(clock):
    price = 10

    @cache.cached(seconds=60)
    def slow_price() -> int:
        seen = price
        clock.seconds += 50  # the answer was on its way for that long
        return seen

    slow_price()
    price = 20
    clock.seconds += 11

    assert slow_price() == 20


@pytest.mark.usefixtures("clock")
def test_a_failure_is_not_remembered():
    answers = iter([OSError("down"), "up"])

    @cache.cached(seconds=60)
    def ask() -> str:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    with pytest.raises(OSError, match="down"):
        ask()

    assert ask() == "up"


def test_a_failure_does_not_bring_an_old_answer_back(clock):
    is_down = False

    @cache.cached(seconds=60)
    def ask() -> str:
        if is_down:
            raise OSError("down")
        return "up"

    ask()
    is_down = True
    clock.seconds += 60

    with pytest.raises(OSError, match="down"):
        ask()


@pytest.mark.usefixtures("clock")
def test_the_cache_can_be_emptied():
    shelf = Shelf()
    shelf.price_of("tea")
    shelf.price = 20

    shelf.price_of.forget()

    assert shelf.price_of("tea") == "tea EUR 20"
