"""The pages under /activity, and their data as JSON for scripts.

The pages ask for their data every two seconds while somebody looks at them. Nothing is read
otherwise, and what takes long is read less often.
"""

import asyncio
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from local import dead_letters
from local.activity.mail_status import MAIL_FUNCTION
from local.activity.request_log import RequestLog
from local.activity.stack_reader import StackReader
from local.activity.trace import build_trace, read_stored
from local.mailbox import Mailbox
from local.pages import SAFE_HEADERS, page
from local.payments.provider import Provider
from local.targets import OperationFailed

SHOWN_MAX = 200  # rows of a list
MESSAGES_SHOWN_MAX = 20  # of one queue
LOG_PERIOD = timedelta(minutes=15)
PACE_SECONDS = 1.0
PACE_FACTOR = 5  # a reading is kept for so many times what it took
TRACES_KEPT_MAX = 20
USER_ID = re.compile(r"usr_\w+", re.ASCII)
ID = re.compile(r"[\w-]{1,100}", re.ASCII)


class Paced:
    """A reading that is shared by all pages, and repeated when it is old."""

    def __init__(self, read: Callable[[], Any]) -> None:
        self._read = read
        self._lock = asyncio.Lock()
        self._value: Any = None
        self._due = 0.0

    async def get(self) -> Any:
        async with self._lock:
            began = time.monotonic()
            if began >= self._due:
                self._value = await asyncio.to_thread(self._read)
                ended = time.monotonic()
                self._due = ended + max(PACE_SECONDS, PACE_FACTOR * (ended - began))
            return self._value


class Activity:
    def __init__(
        self, reader: StackReader, requests: RequestLog, mailbox: Mailbox, provider: Provider
    ) -> None:
        self._reader = reader
        self._requests = requests
        self._mailbox = mailbox
        self._ledger = provider.ledger
        self._redrive_lock = asyncio.Lock()
        self._names: dict[str, str] = {}  # the addresses of users
        self._traces: dict[str, Paced] = {}
        self._readings = {
            "events": Paced(self._read_events),
            "queues": Paced(self._read_queues),
            "lines": Paced(self._read_lines),
            "tables": Paced(self._read_tables),
        }

    def routes(self) -> list[Route]:
        return [
            Route("/activity", self._show_activity),
            Route("/activity/requests.json", self._list_requests),
            Route("/activity/trace.json", self._trace),
            Route("/activity/{section}.json", self._list_section),
            Route("/activity/queues/{queue}/redrive", self._redrive, methods=["POST"]),
            Route("/activity/{kind:str}/{id:str}", self._show_trace),
        ]

    async def _show_activity(self, request: Request) -> Response:
        order_id = request.query_params.get("order")
        if order_id is not None:
            return RedirectResponse(f"/activity/orders/{_require_id(order_id)}")
        mail_id = request.query_params.get("mail")
        if mail_id is not None:
            return RedirectResponse(f"/activity/events/{await self._find_event_of_mail(mail_id)}")
        return page("activity.html")

    async def _find_event_of_mail(self, mail_id: str) -> str:
        """The mail worker's log names the event of each mail. Raises a 404."""
        lines = await asyncio.to_thread(
            self._reader.list_lines,
            _require_id(mail_id.partition("@")[0]),
            functions=(MAIL_FUNCTION,),
        )
        for line in lines:
            if line.fields.get("message_id") == mail_id:
                return _require_id(str(line.fields.get("event_id")))
        raise HTTPException(404, "No log line of MailFunction names this mail.")

    async def _show_trace(self, request: Request) -> Response:
        kind, text = request.path_params["kind"], _require_id(request.path_params["id"])
        if kind not in ("orders", "requests", "events"):
            raise HTTPException(404)
        return page("trace.html", kind=kind.removesuffix("s").capitalize(), id=text)

    async def _list_requests(self, _: Request) -> Response:
        newest = self._requests.newest_first()[:SHOWN_MAX]
        requests = [request.to_json() for request in newest]
        return _to_json({"requests": await self._name_callers(requests)})

    async def _name_callers(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Adds the address of each caller who is a user; of others, what the log says."""
        callers = {request["caller"] for request in requests}
        unknown = [each for each in callers - self._names.keys() if USER_ID.fullmatch(each)]
        if unknown:
            users = await asyncio.to_thread(self._reader.find_buyers, unknown)
            self._names |= {each: users.get(each, {}).get("email", each) for each in unknown}
        return [
            request | {"who": self._names.get(request["caller"], request["caller"])}
            for request in requests
        ]

    async def _list_section(self, request: Request) -> Response:
        name = request.path_params["section"]
        if name not in self._readings:
            raise HTTPException(404)
        return _to_json({name: await self._readings[name].get()})

    async def _trace(self, request: Request) -> Response:
        """`?id=` is that of an order, a request or an event."""
        text = _require_id(request.query_params.get("id", ""))
        if text not in self._traces:
            self._traces = dict(list(self._traces.items())[-TRACES_KEPT_MAX + 1 :])
            self._traces[text] = Paced(partial(read_stored, self._reader, text))
        stored = await self._traces[text].get()
        trace = build_trace(
            text,
            stored,
            requests=self._requests.newest_first(),
            mails=await self._mailbox.list_mails(),
            payments=list(self._ledger.payments.values()),
        )
        return _to_json(trace | {"requests": await self._name_callers(trace["requests"])})

    async def _redrive(self, request: Request) -> Response:
        """Sends the messages of a dead-letter queue, or with `?message=` one, back to its source.

        local.origin_guard refuses this to pages of other origins.
        """
        queue = request.path_params["queue"]
        message_id = request.query_params.get("message", "")
        layout = await asyncio.to_thread(lambda: self._reader.layout)
        if queue not in layout.redrives:
            raise HTTPException(404, "This dead-letter queue does not exist.")
        command = dead_letters.Command("redrive", queue, message_id, applies=True)
        async with self._redrive_lock:  # it can change the environment of this process
            try:
                answer = await asyncio.to_thread(dead_letters.run, self._reader.target, command)
            except OperationFailed as failure:
                return _to_json({"text": str(failure), "is_ok": False})
        return _to_json({"text": answer.to_text(), "is_ok": answer.is_ok})

    def _read_events(self) -> dict[str, Any]:
        events = self._reader.list_events()
        return {
            "stored": len(events),
            "waiting": sum(event.relayed_at is None for event in events),
            "newest": [event.to_json() for event in events[:SHOWN_MAX]],
        }

    def _read_queues(self) -> list[dict[str, Any]]:
        messages, layout = self._reader.list_messages(), self._reader.layout
        by_queue = {
            name: [message for message in messages if message.queue == name]
            for name in layout.queues
        }
        return [
            {
                "name": name,
                "redrives_to": layout.redrives.get(name),
                "count": len(own),
                "messages": [message.to_json() for message in own[:MESSAGES_SHOWN_MAX]],
            }
            for name, own in by_queue.items()
        ]

    def _read_lines(self) -> list[dict[str, Any]]:
        lines = self._reader.list_lines(since=datetime.now(UTC) - LOG_PERIOD)
        return [line.to_json() for line in lines[: -SHOWN_MAX - 1 : -1]]

    def _read_tables(self) -> list[dict[str, Any]]:
        counts = self._reader.count_items()
        return [{"name": name, "items": count} for name, count in counts.items()]


def _require_id(text: str) -> str:
    if not ID.fullmatch(text):
        raise HTTPException(404, "Send the id of an order, a request or an event.")
    return text


def _to_json(content: dict[str, Any]) -> Response:
    return JSONResponse(content, headers=SAFE_HEADERS)
