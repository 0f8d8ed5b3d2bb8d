"""Each link of the chain: down, slow, doubled or reordered, for longer than each of its limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from shared.errors.base import Unavailable
from tests.histories.aws_calls import Call, Reply, error_reply, lost_reply
from tests.histories.world import World

OK = 200
Change = Callable[[World], None]

STREAM_LIMIT = timedelta(hours=26)  # a stream keeps a record for 24 h, as long as a rule retries
QUEUE_LIMIT = timedelta(days=5)  # a queue keeps a message for four days
RECEIVES_LIMIT = timedelta(hours=6)  # ten deliveries of six minutes each are over after an hour


def _nothing(_: World) -> None:
    pass


@dataclass(frozen=True)
class Drill:
    """What is wrong for how long, and how it is put right again."""

    begin: Change
    lasts: timedelta
    end: Change = _nothing
    misses_relayed: bool = False  # what was relayed is lost, too: republish everything
    mails_max: int = 1  # for one event


def _fail() -> None:
    raise Unavailable


def _crash(function: str, lasts: timedelta) -> Drill:
    """Each invocation fails, as after a deploy with a broken package."""
    return Drill(
        begin=lambda world: world.chain.failing.update({function: _fail}),
        lasts=lasts,
        end=lambda world: world.chain.failing.clear(),
    )


def _switch_stream(world: World, *, is_enabled: bool) -> None:
    world.chain.streams["OutboxTable"].is_enabled = is_enabled


def _switch_queue(name: str, world: World, *, is_enabled: bool) -> None:
    world.chain.queues[name].is_enabled = is_enabled


def _stop_queue(name: str) -> Drill:
    """The mapping is off until the queue has forgotten its messages."""
    return Drill(
        begin=partial(_switch_queue, name, is_enabled=False),
        lasts=QUEUE_LIMIT,
        end=partial(_switch_queue, name, is_enabled=True),
        misses_relayed=True,
    )


def _accept_events(world: World, *, works: bool) -> None:
    world.chain.accepts_events = lambda: works


def _refuse_deliveries(world: World) -> None:
    world.chain.bus.down.update(world.chain.queues)


def _stop_provider(world: World, *, is_down: bool) -> None:
    world.bank.is_down = is_down


def _lose_webhooks(world: World) -> None:
    """The provider gives up after three days; here it never sends one."""
    world.bank.webhooks.clear()


def _answer_mail(world: World, answer: Callable[[Call], Reply | None]) -> None:
    world.calls.answer.append(lambda call: answer(call) if call.operation == "SendEmail" else None)


def _refuse_mail(world: World) -> None:
    _answer_mail(world, lambda _: error_reply("TooManyRequestsException", status=429))


def _answer_late(world: World) -> None:
    """SES takes each mail, and its reply is lost. A refusal arrives.

    If the replies to both tries were lost, nobody could know that SES took neither of them.
    """

    def lose(call: Call, status: int) -> None:
        if call.operation == "SendEmail" and status == OK:
            raise lost_reply()

    world.calls.after.append(lose)


def _throttle_tables(world: World) -> None:
    """DynamoDB refuses what the workers want; the buyers' calls go through."""

    def refuse(call: Call) -> Reply | None:
        is_worker = bool(world.chain.running) and call.service == "dynamodb"
        return error_reply("ThrottlingException") if is_worker else None

    world.calls.answer.append(refuse)


def _answer_again(world: World) -> None:
    """Remove the last hook that a drill has added."""
    world.calls.answer.pop()


def _double(world: World) -> None:
    world.chain.bus.is_doubled = True
    world.chain.streams["OutboxTable"].is_doubled = True
    for queue in world.chain.queues.values():
        queue.is_doubled = True


def _slow_down(world: World) -> None:
    """By hours, and each event by another time, so that they overtake each other."""
    world.chain.bus.slow_by = lambda number: timedelta(minutes=37 * (number % 7))
    for queue in world.chain.queues.values():
        queue.slow_by = timedelta(hours=3)


def _reorder(world: World) -> None:
    world.chain.is_reordered = True


def _hasten(world: World) -> None:
    """What is under way now is still late."""
    world.chain.bus.slow_by = lambda _: timedelta()
    for queue in world.chain.queues.values():
        queue.slow_by = timedelta()


DRILLS: Mapping[str, Drill] = {
    "relay crashes": _crash("RelayFunction", STREAM_LIMIT),
    "relay is off": Drill(
        partial(_switch_stream, is_enabled=False),
        STREAM_LIMIT,
        partial(_switch_stream, is_enabled=True),
    ),
    "bus is down": Drill(
        partial(_accept_events, works=False), STREAM_LIMIT, partial(_accept_events, works=True)
    ),
    "bus delivers nothing": Drill(
        _refuse_deliveries, STREAM_LIMIT, lambda world: world.chain.bus.down.clear()
    ),
    "mailer crashes": _crash("MailFunction", RECEIVES_LIMIT),
    "payment worker crashes": _crash("PaymentWorkerFunction", RECEIVES_LIMIT),
    "anonymizer crashes": _crash("OrderAnonymizationFunction", RECEIVES_LIMIT),
    "linker crashes": _crash("GuestOrderLinkingFunction", RECEIVES_LIMIT),
    "import crashes": _crash("FileImportFunction", timedelta(hours=1)),
    "mail queue stands still": _stop_queue("MailQueue"),
    "payment queue stands still": _stop_queue("PaymentQueue"),
    "anonymization queue stands still": _stop_queue("OrderAnonymizationQueue"),
    "provider is down": Drill(
        partial(_stop_provider, is_down=True),
        STREAM_LIMIT,
        partial(_stop_provider, is_down=False),
    ),
    "webhooks are lost": Drill(_nothing, timedelta(days=3), _lose_webhooks),
    "mail is refused": Drill(_refuse_mail, RECEIVES_LIMIT, _answer_again),
    "mail is answered late": Drill(
        _answer_late, RECEIVES_LIMIT, lambda world: world.calls.after.pop() and None, mails_max=2
    ),
    "tables are throttled": Drill(_throttle_tables, RECEIVES_LIMIT, _answer_again),
    "all comes twice": Drill(_double, timedelta(hours=1)),
    "all is slow": Drill(_slow_down, timedelta(hours=4), _hasten),
    "all is reordered": Drill(_reorder, timedelta(hours=1)),
}
