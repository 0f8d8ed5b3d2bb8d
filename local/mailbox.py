"""The mails that SES took, as pages to read and as JSON for scripts."""

from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local.emulator import ACCOUNT
from local.pages import render


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


def routes(emulator_url: str, client: httpx.AsyncClient) -> list[Route]:
    async def mails() -> list[Mail]:
        """Newest first."""
        url = f"{emulator_url}/_ministack/ses/messages"
        answer = (await client.get(url, params={"account": ACCOUNT})).raise_for_status().json()
        found = [Mail.of(message) for message in answer["messages"].get(ACCOUNT, [])]
        return sorted(found, key=lambda mail: mail.sent_at, reverse=True)

    async def show_list(_: Request) -> Response:
        return page("mailbox.html", mails=await mails())

    async def show_mail(request: Request) -> Response:
        wanted = request.path_params["mail_id"]
        for mail in await mails():
            if mail.id == wanted:
                return page("mail.html", mail=mail)
        return page("missing.html", status=404, what="There is no such mail.")

    async def list_as_json(_: Request) -> Response:
        return JSONResponse([mail.as_json() for mail in await mails()])

    async def newest_as_text(_: Request) -> Response:
        newest = next(iter(await mails()), None)
        return PlainTextResponse(newest.as_text() if newest else "No mail yet.\n")

    return [
        Route("/mailbox", show_list),
        Route("/mailbox.json", list_as_json),
        Route("/mailbox.txt", newest_as_text),
        Route("/mailbox/{mail_id}", show_mail),
    ]


def page(template: str, status: int = 200, **values: object) -> HTMLResponse:
    """No script may run in any page, nor in a mail's frame, which inherits this policy."""
    headers = {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; "
            "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        ),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(render(template, **values), status_code=status, headers=headers)
