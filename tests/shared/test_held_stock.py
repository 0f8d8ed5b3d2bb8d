"""Counters of held stock: they add up, never pass their limit, and are released."""

from collections import Counter
from datetime import timedelta

import pytest

from benchmarks.endpoint import record_calls
from shared import clock
from shared.errors.orders import HeldStockLimitReached
from shared.retries import retry
from shared.storage import held_stock
from shared.storage.held_stock import Hold, Holder
from shared.storage.models.accounts import HeldUnits
from shared.storage.transactions import ATTEMPTS, Contended, Transaction
from tests.support.interleaving import each_interleaving

pytestmark = pytest.mark.usefixtures("aws")

ADA = Holder("account", "usr_ada", 10)


def network(limit=16, key="203.0.113.7"):
    return Holder("network", key, limit, shards=8)


def new_hold(units, *holders):
    return Hold(holders, units, until=clock.utc_now() + timedelta(minutes=30))


def commit(new):
    transaction = Transaction()
    new.stage(transaction)
    transaction.commit(attempts=1)


def hold(units, *holders):
    """Counts the units as a new order does. Returns what the order remembers."""
    new = new_hold(units, *holders)
    retry(lambda: commit(new), on=(Contended,), attempts=ATTEMPTS)
    return new.by_counter


def release(holds):
    transaction = Transaction()
    held_stock.stage_release(transaction, holds)
    transaction.commit()


def held():
    return sum(int(counter.units) for counter in HeldUnits.scan())


def test_units_add_up_to_the_limit_and_not_beyond():
    hold(4, ADA)
    hold(6, ADA)

    with pytest.raises(HeldStockLimitReached) as refusal:
        hold(1, ADA)

    assert refusal.value.details == {"holder": "account", "limit": 10, "quantity": 1}
    assert held() == 10


@pytest.mark.parametrize("shards", [1, 8])
def test_one_order_above_the_limit_is_refused_at_once(shards):
    with record_calls() as calls, pytest.raises(HeldStockLimitReached):
        hold(11, Holder("network", "203.0.113.7", 10, shards))

    assert not calls

    assert held() == 0


def test_released_units_can_be_held_again():
    first = hold(10, ADA)
    release(first)

    assert hold(10, ADA) == first
    assert held() == 10


def test_a_refused_hold_counts_for_no_holder():
    hold(10, ADA)

    with pytest.raises(HeldStockLimitReached):
        hold(1, Holder("guest", "ada@example.com", 10), ADA)

    assert held() == 10


def test_holders_of_another_kind_or_key_do_not_share_a_counter():
    for kind in ("account", "guest", "network"):
        for key in ("a", "b"):
            hold(10, Holder(kind, key, 10))

    assert held() == 60


def test_a_sharded_counter_holds_exactly_its_limit():
    placed = 0
    for _ in range(100):
        try:
            hold(3, network())
        except HeldStockLimitReached:
            break
        placed += 1

    assert placed == 5
    assert held() == 15
    hold(1, network())
    with pytest.raises(HeldStockLimitReached):
        hold(1, network())


def test_an_order_larger_than_a_share_takes_several():
    with record_calls() as calls:
        holds = hold(16, network())

    assert (len(holds), len(calls)) == (8, 1)
    release(holds)
    assert held() == 0


def test_a_share_that_is_used_up_makes_the_order_read_the_room():
    *others, last = network().counters()
    for counter in others:
        HeldUnits(counter, units=2, expires_at=clock.utc_now()).save()

    for _ in range(2):
        assert hold(1, network()) == {last: 1}
    with pytest.raises(HeldStockLimitReached):
        hold(1, network())


def test_what_a_refused_attempt_chose_is_not_remembered():
    used, *_ = network(limit=8).counters()
    HeldUnits(used, units=1, expires_at=clock.utc_now()).save()
    new = new_hold(8, network(limit=8))
    with pytest.raises(Contended):
        commit(new)
    HeldUnits.get(used).delete()

    commit(new)

    assert new.by_counter == dict.fromkeys(network(limit=8).counters(), 1)
    assert held() == 8


@pytest.mark.parametrize("limit", [1, 7, 8, 9, 500])
def test_the_shares_of_a_counter_add_up_to_its_limit(limit):
    assert sum(hold(limit, network(limit)).values()) == limit


def test_orders_of_one_network_spread_over_its_shards():
    counters = Counter(counter for _ in range(60) for counter in hold(1, network(limit=8_000)))

    assert len(counters) > 4


def test_old_room_lets_no_order_pass_the_limit():
    slow = new_hold(1, network())
    hold(16, network())

    with pytest.raises(Contended):
        commit(slow)
    with pytest.raises(HeldStockLimitReached):
        commit(slow)

    assert held() == 16


def test_a_lower_limit_leaves_what_is_held():
    holds = hold(10, ADA)
    lower = Holder("account", "usr_ada", 5)

    with pytest.raises(HeldStockLimitReached):
        hold(1, lower)
    release(holds)

    assert hold(5, lower)


def test_a_counter_outlives_its_last_hold():
    before = clock.utc_now()
    (counter,) = hold(1, ADA)

    expires_at = HeldUnits.get(counter).expires_at

    assert expires_at >= before + timedelta(minutes=30) + held_stock.COUNTER_TTL - timedelta(
        1 / 86400
    )


def test_a_forgotten_counter_is_forgotten_again_after_a_release():
    (counter,) = holds = hold(4, ADA)
    HeldUnits.get(counter).delete()

    release(holds)

    found = HeldUnits.get(counter)
    assert (found.units, found.expires_at > clock.utc_now()) == (-4, True)


def test_two_at_once_never_pass_the_limit():
    """The second holds its units before each call of the first."""

    def prepare(place):
        holder = Holder("account", f"usr_{place}", 10)
        return (lambda: attempt(holder), lambda: attempt(holder))

    outcomes = []

    def attempt(holder):
        try:
            hold(6, holder)
        except HeldStockLimitReached:
            outcomes.append("refused")
        else:
            outcomes.append("held")

    places = list(each_interleaving(prepare))

    assert places == [1]
    assert outcomes[:2] == ["held", "refused"]
    assert all(int(counter.units) == 6 for counter in HeldUnits.scan())
