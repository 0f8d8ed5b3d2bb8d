"""The mails that SES took, as pages to read and as JSON for scripts."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel, TypeAdapter
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local.emulator import ACCOUNT
from local.pages import SAFE_HEADERS, SELF, page, policy

KEPT_MAX = 500  # older mails are dropped when the stack stops


class Mail(BaseModel):
    id: str
    to: list[str]
    sender: str
    subject: str
    text: str
    html: str | None
    sent_at: datetime

    @classmethod
    def of(cls, message: dict[str, Any]) -> "Mail":
        """From MiniStack's record of one SES call."""
        return cls(
            id=message["MessageId"],
            to=message["To"],
            sender=message["Source"],
            subject=message["Subject"] or "",
            text=message["BodyText"] or "",
            html=message["BodyHtml"],
            sent_at=datetime.fromtimestamp(message["Timestamp"], UTC),
        )

    def as_json(self) -> dict[str, Any]:
        fields = self.model_dump(mode="json")
        return {"from": fields.pop("sender"), **fields}

    def as_text(self) -> str:
        return (
            f"To: {', '.join(self.to)}\nFrom: {self.sender}\nSubject: {self.subject}\n"
            f"Sent: {self.sent_at:%Y-%m-%d %H:%M:%S} UTC\n\n{self.text.strip()}\n"
        )


MAILS = TypeAdapter(list[Mail])


class Mailbox:
    """MiniStack forgets its mails when it stops; `keep` writes them to a file for the next run."""

    def __init__(self, emulator_url: str, client: httpx.AsyncClient, file: Path) -> None:
        self._url = f"{emulator_url}/_ministack/ses/messages"
        self._client = client
        self._file = file
        self._kept = MAILS.validate_json(file.read_bytes()) if file.exists() else []

    async def mails(self) -> list[Mail]:
        """Newest first."""
        answer = await self._client.get(self._url, params={"account": ACCOUNT})
        messages = answer.raise_for_status().json()["messages"].get(ACCOUNT, [])
        found = [*self._kept, *map(Mail.of, messages)]
        return sorted(found, key=lambda mail: mail.sent_at, reverse=True)

    async def keep(self) -> None:
        try:
            mails = await self.mails()
        except httpx.HTTPError:
            return  # MiniStack was killed; what it held is gone
        draft = self._file.with_suffix(".tmp")
        draft.write_bytes(MAILS.dump_json(mails[:KEPT_MAX]))
        draft.replace(self._file)

    def routes(self) -> list[Route]:
        return [
            Route("/mailbox", self._show_list),
            Route("/mailbox.json", self._list_as_json),
            Route("/mailbox.txt", self._newest_as_text),
            Route("/mailbox/{mail_id}", self._show_mail),
            Route("/mailbox/{mail_id}/html", self._show_html),
        ]

    async def _show_list(self, _: Request) -> Response:
        return page("mailbox.html", mails=await self.mails())

    async def _show_mail(self, request: Request) -> Response:
        mail = await self._asked_for(request)
        return page("mail.html", mail=mail) if mail else _no_such_mail()

    async def _show_html(self, request: Request) -> Response:
        """The mail's own HTML, which may run nothing and reach nothing, framed or not."""
        mail = await self._asked_for(request)
        if not mail or not mail.html:
            return _no_such_mail()
        allowed = f"sandbox allow-popups allow-popups-to-escape-sandbox; {policy(SELF)}"
        # Its links open beside the mailbox: inside the frame most sites refuse to show.
        content = f'{mail.html}<base target="_blank">'
        return HTMLResponse(content, headers=SAFE_HEADERS | {"Content-Security-Policy": allowed})

    async def _asked_for(self, request: Request) -> Mail | None:
        wanted = request.path_params["mail_id"]
        return next((mail for mail in await self.mails() if mail.id == wanted), None)

    async def _list_as_json(self, _: Request) -> Response:
        return JSONResponse([mail.as_json() for mail in await self.mails()])

    async def _newest_as_text(self, _: Request) -> Response:
        newest = next(iter(await self.mails()), None)
        return PlainTextResponse(newest.as_text() if newest else "No mail yet.\n")


def _no_such_mail() -> HTMLResponse:
    return page("missing.html", status=404, what="There is no such mail.")
