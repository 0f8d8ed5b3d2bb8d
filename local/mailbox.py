"""The mails that SES accepted: as pages for people, as JSON and text for scripts."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel, TypeAdapter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local.emulator import ACCOUNT
from local.pages import SAFE_HEADERS, SELF, page, policy

MAILS_KEPT_MAX = 500  # stopping the stack drops older mails


class Mail(BaseModel):
    id: str
    to: list[str]
    sender: str
    subject: str
    text: str
    html: str | None
    sent_at: datetime

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "Mail":
        """`message` is MiniStack's record of one SES call."""
        return cls(
            id=message["MessageId"],
            to=message["To"],
            sender=message["Source"],
            subject=message["Subject"] or "",
            text=message["BodyText"] or "",
            html=message["BodyHtml"],
            sent_at=datetime.fromtimestamp(message["Timestamp"], UTC),
        )

    def to_json(self) -> dict[str, Any]:
        fields = self.model_dump(mode="json")
        return {"from": fields.pop("sender"), **fields}

    def to_text(self) -> str:
        return (
            f"To: {', '.join(self.to)}\nFrom: {self.sender}\nSubject: {self.subject}\n"
            f"Sent: {self.sent_at:%Y-%m-%d %H:%M:%S} UTC\n\n{self.text.strip()}\n"
        )


MAILS = TypeAdapter(list[Mail])


class Mailbox:
    """MiniStack loses its mails when it stops. `save` writes them to a file for the next run.

    A mailbox that saves often still has what MiniStack sent before it was killed.
    """

    def __init__(self, emulator_url: str, client: httpx.AsyncClient, file: Path) -> None:
        self._url = f"{emulator_url}/_ministack/ses/messages"
        self._client = client
        self._file = file
        self._saved = MAILS.validate_json(file.read_bytes()) if file.exists() else []
        self._parsed: dict[str, Mail] = {}  # by id; no mail changes after it is sent

    async def list_mails(self) -> list[Mail]:
        """Newest first."""
        answer = await self._client.get(self._url, params={"account": ACCOUNT})
        messages = answer.raise_for_status().json()["messages"].get(ACCOUNT, [])
        for message in messages:
            if message["MessageId"] not in self._parsed:
                self._parsed[message["MessageId"]] = Mail.from_message(message)
        mails = [*self._saved, *self._parsed.values()]
        return sorted(mails, key=lambda mail: mail.sent_at, reverse=True)

    async def save(self) -> None:
        try:
            mails = await self.list_mails()
        except httpx.HTTPError:
            return  # MiniStack has ended; the last save has its mails
        if not self._file.parent.exists():
            return  # the state folder was deleted
        draft = self._file.with_suffix(".tmp")
        draft.write_bytes(MAILS.dump_json(mails[:MAILS_KEPT_MAX]))
        draft.replace(self._file)

    def routes(self) -> list[Route]:
        return [
            Route("/mailbox", self._show_list),
            Route("/mailbox.json", self._list_as_json),
            Route("/mailbox.txt", self._show_newest_as_text),
            Route("/mailbox/{mail_id}", self._show_mail),
            Route("/mailbox/{mail_id}/html", self._show_html),
        ]

    async def _show_list(self, _: Request) -> Response:
        return page("mailbox.html", mails=await self.list_mails())

    async def _show_mail(self, request: Request) -> Response:
        mail = await self._get_mail(request)
        return page("mail.html", mail=mail)

    async def _show_html(self, request: Request) -> Response:
        """The mail's HTML. Its policy forbids scripts and requests, inside a frame and outside."""
        mail = await self._get_mail(request)
        if not mail.html:
            raise _mail_not_found()
        allowed = f"sandbox allow-popups allow-popups-to-escape-sandbox; {policy(SELF)}"
        # Links open in a new tab: most sites refuse to show inside a frame.
        content = f'{mail.html}<base target="_blank">'
        return HTMLResponse(content, headers=SAFE_HEADERS | {"Content-Security-Policy": allowed})

    async def _get_mail(self, request: Request) -> Mail:
        mail_id = request.path_params["mail_id"]
        for mail in await self.list_mails():
            if mail.id == mail_id:
                return mail
        raise _mail_not_found()

    async def _list_as_json(self, request: Request) -> Response:
        """All mails, or with `?to=ada@example.com` those to this address."""
        address = request.query_params.get("to")
        mails = await self.list_mails()
        return JSONResponse([mail.to_json() for mail in mails if address in (None, *mail.to)])

    async def _show_newest_as_text(self, _: Request) -> Response:
        newest = next(iter(await self.list_mails()), None)
        return PlainTextResponse(newest.to_text() if newest else "No mail has been sent yet.\n")


def _mail_not_found() -> HTTPException:
    return HTTPException(404, "This mail does not exist.")
