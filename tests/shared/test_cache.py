"""Pure: the cache and the maximum age of its entries."""

import pytest

from shared.storage import cache


class Prices:
    """A source that changes while the cache holds results."""

    def __init__(self) -> None:
        self.reads = 0
        self.price = 10
        self.price_of = cache.cached(seconds=60)(self._price_of)

    def _price_of(self, sku: str, *, currency: str = "EUR") -> str:
        self.reads += 1
        return f"{sku} {currency} {self.price}"


@pytest.mark.usefixtures("cache_clock")
def test_a_result_is_remembered():
    prices = Prices()

    answers = {prices.price_of("tea") for _ in range(5)}

    assert (answers, prices.reads) == ({"tea EUR 10"}, 1)


@pytest.mark.usefixtures("cache_clock")
def test_other_arguments_have_other_results():
    prices = Prices()

    results = [
        prices.price_of("tea"),
        prices.price_of("pot"),
        prices.price_of("tea", currency="USD"),
    ]

    assert results == ["tea EUR 10", "pot EUR 10", "tea USD 10"]


@pytest.mark.parametrize(("later", "price"), [(59.9, 10), (60, 20), (61, 20)])
def test_a_result_is_served_for_the_stated_seconds_only(cache_clock, later, price):
    prices = Prices()
    prices.price_of("tea")
    prices.price = 20

    cache_clock.seconds += later

    assert prices.price_of("tea") == f"tea EUR {price}"


def test_the_age_of_a_result_counts_from_its_call(cache_clock):
    price = 10

    @cache.cached(seconds=60)
    def slow_price() -> int:
        seen = price
        cache_clock.seconds += 50  # the call takes that long
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


def test_a_failure_does_not_restore_an_expired_result(cache_clock):
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
    prices = Prices()
    prices.price_of("tea")
    prices.price = 20

    prices.price_of.forget()

    assert prices.price_of("tea") == "tea EUR 20"


@pytest.mark.parametrize(("later", "left"), [(0, 60), (0.5, 59.5), (59, 1), (59.75, 0.25)])
def test_an_entry_knows_how_long_it_stays_fresh(cache_clock, later, left):
    prices = Prices()
    prices.price_of("tea")

    cache_clock.seconds += later

    assert prices.price_of.entry("tea").value == "tea EUR 10"
    assert prices.price_of.entry("tea").seconds_left == left


def test_an_expired_entry_has_zero_seconds_left(cache_clock):
    entry = Prices().price_of.entry("tea")

    cache_clock.seconds += 61

    assert entry.seconds_left == 0


def test_a_slow_result_stays_fresh_for_less(cache_clock):
    @cache.cached(seconds=60)
    def slow() -> str:
        cache_clock.seconds += 50
        return "at last"

    assert slow.entry().seconds_left == 10


def evicted_of_three(keys: str) -> str:
    """The key whose result the cache has to read again."""
    read = []

    @cache.cached(seconds=60, limit=cache.CacheLimit(3))
    def look_up(sku: str) -> str:
        read.append(sku)
        return sku

    for sku in keys:
        look_up(sku)
    read.clear()
    for sku in reversed(dict.fromkeys(keys)):
        look_up(sku)
    return read[0]


@pytest.mark.usefixtures("cache_clock")
@pytest.mark.parametrize(
    ("keys", "evicted"),
    [("ABCD", "A"), ("ABCAD", "B"), ("ABCABD", "C"), ("ABCDAB", "C")],
)
def test_the_least_recently_used_result_is_evicted_first(keys, evicted):
    assert evicted_of_three(keys) == evicted


@pytest.mark.usefixtures("cache_clock")
def test_the_cache_never_exceeds_its_limit():
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


def test_a_renewed_result_evicts_no_other(cache_clock):
    read = []

    @cache.cached(seconds=60, limit=cache.CacheLimit(2))
    def look_up(sku: str) -> str:
        read.append(sku)
        return sku

    look_up("A")
    cache_clock.seconds += 30
    look_up("B")
    cache_clock.seconds += 30
    look_up("A")  # at the maximum age, so it is read again
    look_up("B")

    assert read == ["A", "B", "A"]


def test_each_lookup_is_reported_as_a_hit_or_a_miss(cache_clock):
    lookups = []
    look_up = cache.cached(seconds=60, on_lookup=lookups.append)(str.upper)

    look_up("tea")
    look_up("tea")
    look_up("pot")
    cache_clock.seconds += 60
    look_up("tea")

    assert lookups == [False, True, False, False]


@pytest.mark.usefixtures("cache_clock")
def test_a_failed_lookup_is_a_miss():
    lookups = []
    look_up = cache.cached(seconds=60, on_lookup=lookups.append)(int)

    for _ in range(2):
        with pytest.raises(ValueError, match="tea"):
            look_up("tea")

    assert lookups == [False, False]


def test_the_limit_can_be_a_sum_of_weights():
    computed: list[int] = []

    @cache.cached(seconds=60, limit=cache.CacheLimit(10, len))
    def text(length: int) -> str:
        computed.append(length)
        return "x" * length

    for length in (4, 5, 4, 6, 4, 5, 11, 11):
        text(length)

    assert computed == [4, 5, 6, 5, 11, 11]


# Results that cannot be renewed


class Down(Exception):
    """The source does not answer."""


class Flaky:
    """A source that a test turns off."""

    def __init__(self, clock) -> None:
        self.clock = clock
        self.is_down = False
        self.error: Exception = Down()
        self.calls: list[float] = []  # seconds since the first
        self.failures: list[str] = []
        self.get = cache.cached(
            seconds=60,
            stale=cache.StaleIfError(
                3600, on=(Down,), on_failure=lambda error: self.failures.append(repr(error))
            ),
        )(self._get)

    def _get(self) -> int:
        self.calls.append(self.clock.seconds - 1000)
        if self.is_down:
            raise self.error
        return len(self.calls)


@pytest.fixture
def flaky(cache_clock) -> Flaky:
    source = Flaky(cache_clock)
    source.get()
    source.is_down = True
    return source


@pytest.mark.parametrize("seconds", [60, 61, 600, 3599])
def test_a_result_is_kept_while_its_source_is_down(flaky, seconds):
    flaky.clock.seconds += seconds

    assert flaky.get() == 1
    assert flaky.failures == ["Down()"]


@pytest.mark.parametrize("seconds", [3600, 3601, 90_000])
def test_a_result_is_not_kept_for_ever(flaky, seconds):
    flaky.clock.seconds += seconds

    with pytest.raises(Down):
        flaky.get()


def test_the_pauses_between_the_calls_grow_up_to_the_age(flaky):
    for _ in range(400):  # one request a second
        flaky.clock.seconds += 1
        flaky.get()

    assert flaky.calls == [0, 60, 65, 75, 95, 135, 195, 255, 315, 375]


def test_requests_during_an_outage_make_no_calls_of_their_own(flaky):
    flaky.clock.seconds += 60

    for _ in range(1000):
        flaky.get()

    assert len(flaky.calls) == 2


def test_the_kept_result_ends_on_time_between_two_calls(flaky):
    for _ in range(3599):
        flaky.clock.seconds += 1
        flaky.get()
    flaky.clock.seconds += 1

    with pytest.raises(Down):
        flaky.get()


def test_a_recovered_source_is_noticed_within_the_usual_age(flaky):
    for _ in range(600):
        flaky.clock.seconds += 1
        flaky.get()
    flaky.is_down = False
    flaky.clock.seconds += 60

    assert flaky.get() == len(flaky.calls)
    flaky.is_down = True
    flaky.clock.seconds += 60
    flaky.get()
    flaky.clock.seconds += 5  # the pauses are short again
    before = len(flaky.calls)
    flaky.get()
    assert len(flaky.calls) == before + 1


def test_an_error_of_another_kind_is_raised(flaky):
    flaky.error = KeyError("a defect")
    flaky.clock.seconds += 60

    with pytest.raises(KeyError):
        flaky.get()
    assert flaky.failures == []


def test_without_a_result_every_call_reaches_the_source(cache_clock):
    source = Flaky(cache_clock)
    source.is_down = True

    for _ in range(3):
        with pytest.raises(Down):
            source.get()

    assert (len(source.calls), len(source.failures)) == (3, 3)
