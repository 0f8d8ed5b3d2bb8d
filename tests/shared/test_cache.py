"""Pure: the cache and the staleness it promises."""

import pytest

from shared.storage import cache


class Shelf:
    """Something that changes behind the cache."""

    def __init__(self) -> None:
        self.reads = 0
        self.price = 10
        self.price_of = cache.cached(seconds=60)(self._price_of)

    def _price_of(self, sku: str, *, currency: str = "EUR") -> str:
        self.reads += 1
        return f"{sku} {currency} {self.price}"


@pytest.mark.usefixtures("cache_clock")
def test_an_answer_is_remembered():
    shelf = Shelf()

    answers = {shelf.price_of("tea") for _ in range(5)}

    assert (answers, shelf.reads) == ({"tea EUR 10"}, 1)


@pytest.mark.usefixtures("cache_clock")
def test_other_arguments_have_answers_of_their_own():
    shelf = Shelf()

    answers = [shelf.price_of("tea"), shelf.price_of("pot"), shelf.price_of("tea", currency="USD")]

    assert answers == ["tea EUR 10", "pot EUR 10", "tea USD 10"]


@pytest.mark.parametrize(("later", "price"), [(59.9, 10), (60, 20), (61, 20)])
def test_an_answer_is_served_for_the_stated_seconds_and_no_longer(cache_clock, later, price):
    shelf = Shelf()
    shelf.price_of("tea")
    shelf.price = 20

    cache_clock.seconds += later

    assert shelf.price_of("tea") == f"tea EUR {price}"


def test_the_age_of_an_answer_counts_from_before_it_was_asked_for(cache_clock):
    price = 10

    @cache.cached(seconds=60)
    def slow_price() -> int:
        seen = price
        cache_clock.seconds += 50  # the answer was on its way for that long
        return seen

    slow_price()
    price = 20
    cache_clock.seconds += 11

    assert slow_price() == 20


@pytest.mark.usefixtures("cache_clock")
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


def test_a_failure_does_not_bring_an_old_answer_back(cache_clock):
    is_down = False

    @cache.cached(seconds=60)
    def ask() -> str:
        if is_down:
            raise OSError("down")
        return "up"

    ask()
    is_down = True
    cache_clock.seconds += 60

    with pytest.raises(OSError, match="down"):
        ask()


@pytest.mark.usefixtures("cache_clock")
def test_the_cache_can_be_emptied():
    shelf = Shelf()
    shelf.price_of("tea")
    shelf.price = 20

    shelf.price_of.forget()

    assert shelf.price_of("tea") == "tea EUR 20"


@pytest.mark.parametrize(("later", "left"), [(0, 60), (0.5, 59.5), (59, 1), (59.75, 0.25)])
def test_an_answer_says_for_how_long_it_is_fresh_still(cache_clock, later, left):
    shelf = Shelf()
    shelf.price_of("tea")

    cache_clock.seconds += later

    assert shelf.price_of.entry("tea").value == "tea EUR 10"
    assert shelf.price_of.entry("tea").seconds_left == left


def test_what_is_kept_for_too_long_has_no_seconds_left_rather_than_fewer_than_none(cache_clock):
    kept = Shelf().price_of.entry("tea")

    cache_clock.seconds += 61

    assert kept.seconds_left == 0


def test_an_answer_that_was_long_on_its_way_is_fresh_for_less(cache_clock):
    @cache.cached(seconds=60)
    def slow() -> str:
        cache_clock.seconds += 50
        return "at last"

    assert slow.entry().seconds_left == 10


def pushed_out_of_three(asked: str) -> str:
    """Of what was asked for, the one that has to be read once more."""
    read = []

    @cache.cached(seconds=60, limit=cache.CacheLimit(3))
    def look_up(sku: str) -> str:
        read.append(sku)
        return sku

    for sku in asked:
        look_up(sku)
    read.clear()
    for sku in reversed(dict.fromkeys(asked)):
        look_up(sku)
    return read[0]


@pytest.mark.usefixtures("cache_clock")
@pytest.mark.parametrize(
    ("asked", "gone"),
    [("ABCD", "A"), ("ABCAD", "B"), ("ABCABD", "C"), ("ABCDAB", "C")],
)
def test_of_too_many_answers_the_one_that_was_not_asked_for_the_longest_goes(asked, gone):
    assert pushed_out_of_three(asked) == gone


@pytest.mark.usefixtures("cache_clock")
def test_no_more_is_kept_than_is_said_however_much_is_asked():
    read = []

    @cache.cached(seconds=60, limit=cache.CacheLimit(100))
    def look_up(number: int) -> int:
        read.append(number)
        return number

    for number in range(1000):
        look_up(number)
    read.clear()
    for number in reversed(range(1000)):
        look_up(number)

    assert len(read) == 900


def test_an_answer_that_is_renewed_takes_no_other_answers_place(cache_clock):
    read = []

    @cache.cached(seconds=60, limit=cache.CacheLimit(2))
    def look_up(sku: str) -> str:
        read.append(sku)
        return sku

    look_up("A")
    cache_clock.seconds += 30
    look_up("B")
    cache_clock.seconds += 30
    look_up("A")  # as old as is allowed: read once more
    look_up("B")

    assert read == ["A", "B", "A"]


def test_each_lookup_is_told_to_be_a_hit_or_a_miss(cache_clock):
    told = []
    look_up = cache.cached(seconds=60, on_lookup=told.append)(str.upper)

    look_up("tea")
    look_up("tea")
    look_up("pot")
    cache_clock.seconds += 60
    look_up("tea")

    assert told == [False, True, False, False]


@pytest.mark.usefixtures("cache_clock")
def test_a_lookup_that_fails_was_a_miss():
    told = []
    look_up = cache.cached(seconds=60, on_lookup=told.append)(int)

    for _ in range(2):
        with pytest.raises(ValueError, match="tea"):
            look_up("tea")

    assert told == [False, False]


def test_what_is_kept_is_bound_by_what_it_weighs():
    asked: list[int] = []

    @cache.cached(seconds=60, limit=cache.CacheLimit(10, len))
    def text(length: int) -> str:
        asked.append(length)
        return "x" * length

    for length in (4, 5, 4, 6, 4, 5, 11, 11):
        text(length)

    assert asked == [4, 5, 6, 5, 11, 11]
