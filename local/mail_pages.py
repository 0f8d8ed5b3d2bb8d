"""The mailbox: a page for people, JSON and text for scripts.

A mail is a stranger's HTML. It is shown in a frame where no script runs (MAIL_POLICY forbids all,
and the frame's sandbox too) and which asks no other server for anything. The frame has the page's
origin for one reason: the page reads the height of the mail.
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local.mailbox import Mail, Mailbox, count_recipients
from local.pages import SAFE_HEADERS, page

SHOWN_MAX = 100  # of a list; a search finds older mails
SANDBOX = "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
MAIL_POLICY = (
    f"sandbox {SANDBOX}; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


class MailPages:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def routes(self) -> list[Route]:
        return [
            Route("/mailbox", self._show_mailbox),
            Route("/mailbox.json", self._list_whole_mails),
            Route("/mailbox.txt", self._show_newest_as_text),
            Route("/mailbox/list.json", self._list_summaries),
            Route("/mailbox/{mail_id}", self._show_mail),
            Route("/mailbox/{mail_id}/mail.json", self._show_as_json),
            Route("/mailbox/{mail_id}/html", self._show_html),
            Route("/mailbox/{mail_id}/source", self._show_source),
        ]

    async def _show_mailbox(self, _: Request) -> Response:
        return page("mailbox.html", sandbox=SANDBOX)

    async def _show_mail(self, request: Request) -> Response:
        await self._get_mail(request)
        return page("mailbox.html", sandbox=SANDBOX)

    async def _list_whole_mails(self, request: Request) -> Response:
        """All mails; with `?to=ada@example.com` those to this address, with `?q=` a search."""
        mails = await self._mailbox.list_mails(
            to=request.query_params.get("to"), text=request.query_params.get("q", "")
        )
        return _json([mail.to_json() for mail in mails])

    async def _list_summaries(self, request: Request) -> Response:
        mails = await self._mailbox.list_mails()
        found = await self._mailbox.list_mails(
            to=request.query_params.get("to") or None, text=request.query_params.get("q", "")
        )
        return _json(
            {
                "mails": [mail.to_summary() for mail in found[:SHOWN_MAX]],
                "found": len(found),
                "total": len(mails),
                "recipients": count_recipients(mails),
            }
        )

    async def _show_as_json(self, request: Request) -> Response:
        mail = await self._get_mail(request)
        return _json(mail.to_json() | {"order_ids": mail.order_ids})

    async def _show_html(self, request: Request) -> Response:
        mail = await self._get_mail(request)
        if not mail.html:
            raise HTTPException(404, "This mail has no HTML.")
        # Links open in a new tab: most sites refuse to show inside a frame.
        content = f'{mail.html}<base target="_blank">'
        headers = SAFE_HEADERS | {"Content-Security-Policy": MAIL_POLICY}
        return HTMLResponse(content, headers=headers)

    async def _show_source(self, request: Request) -> Response:
        mail = await self._get_mail(request)
        return PlainTextResponse(mail.to_source(), headers=SAFE_HEADERS)

    async def _show_newest_as_text(self, _: Request) -> Response:
        newest = next(iter(await self._mailbox.list_mails()), None)
        text = newest.to_text() if newest else "No mail has been sent yet.\n"
        return PlainTextResponse(text, headers=SAFE_HEADERS)

    async def _get_mail(self, request: Request) -> Mail:
        mail = await self._mailbox.find_mail(request.path_params["mail_id"])
        if mail is None:
            raise HTTPException(404, "This mail does not exist.")
        return mail


def _json(content: object) -> Response:
    return JSONResponse(content, headers=SAFE_HEADERS)
