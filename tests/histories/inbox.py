"""What SES accepted: which event each mail is about, and the order as it stood at that moment."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from notifications.repository import _record_key
from shared.storage.models.mails import MailRecord
from shared.storage.models.orders import Order
from tests.histories.aws_calls import Call
from tests.histories.tables import peek, peek_all

# The statuses in which a mail of that type tells the buyer something that is not true any more.
FINISHED = frozenset({"cancelled", "expired", "refunded"})
CONTRADICTED_BY = {
    "order.paid": FINISHED,
    "order.partially_shipped": FINISHED,
    "order.shipped": FINISHED,
    "order.partially_cancelled": FINISHED,
    "order.address_changed": FINISHED,
    "order.buyer_changed": FINISHED,
}
ONLY_IN = {"order.cancelled": {"cancelled"}, "order.expired": {"expired"}}


@dataclass(frozen=True)
class Mail:
    event_id: str
    event_type: str
    to: str
    subject: str
    order_id: str | None
    order_status: str | None
    status_before: str | None  # when the mailer began, and had not read the order

    @property
    def contradicts_order(self) -> bool:
        """An order that changes while its mail is sent is no contradiction."""
        return all(map(self._is_contradicted_by, (self.status_before, self.order_status)))

    def _is_contradicted_by(self, status: str | None) -> bool:
        if status in CONTRADICTED_BY.get(self.event_type, ()):
            return True
        return self.event_type in ONLY_IN and status not in ONLY_IN[self.event_type]


class Inbox:
    """Records each mail that `call` sends, once however often the SDK repeats the call."""

    def __init__(
        self,
        delivering: Callable[[], list[dict[str, Any]]],
        staged: Callable[[], dict[str, dict[str, Any]]],
        statuses_before: Callable[[], dict[str, str]],
    ) -> None:
        self.mails: list[Mail] = []
        self._delivering = delivering
        self._staged = staged
        self._statuses_before = statuses_before

    def record(self, call: Call, status: int) -> None:
        if call.operation != "SendEmail" or status != 200:
            return
        (event,) = self._delivering()
        for told in [event, *self._joined_with(event)]:
            self._add(told, call)

    def _joined_with(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        """The other events that the mail tells: those that were claimed together."""
        claims = {record.id: record.claim for record in peek_all(MailRecord) if not record.is_done}
        claim = claims.get(_record_key(event["id"]))
        return [
            other
            for event_id, other in self._staged().items()
            if event_id != event["id"] and claim and claims.get(_record_key(event_id)) == claim
        ]

    def _add(self, event: dict[str, Any], call: Call) -> None:
        order_id = event["data"].get("order_id")
        order = peek(Order, order_id) if order_id else None
        self.mails.append(
            Mail(
                event_id=event["id"],
                event_type=event["type"],
                to=call.body["Destination"]["ToAddresses"][0],
                subject=call.body["Content"]["Simple"]["Subject"]["Data"],
                order_id=order_id,
                order_status=order.status if order else None,
                status_before=self._statuses_before().get(order_id or ""),
            )
        )

    def list_repeated(self, allowed: int = 1) -> list[str]:
        """The ids of the events with more mails than that."""
        counts = Counter(mail.event_id for mail in self.mails)
        return [event_id for event_id, count in counts.items() if count > allowed]

    def list_contradictions(self) -> Iterator[Mail]:
        return (mail for mail in self.mails if mail.contradicts_order)

    def list_mails(self, order_id: str, event_type: str) -> list[Mail]:
        return [
            mail
            for mail in self.mails
            if (mail.order_id, mail.event_type) == (order_id, event_type)
        ]
