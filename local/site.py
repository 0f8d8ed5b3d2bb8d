"""The pages of the local stack: one site with one navigation, and what it answers to errors."""

from dataclasses import dataclass
from http import HTTPStatus

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount

from local import shop_pages
from local.activity.pages import Activity
from local.activity.request_log import RequestLog
from local.activity.stack_reader import StackReader
from local.home import HomePages
from local.mail_pages import MailPages
from local.mailbox import Mailbox
from local.pages import assets, page
from local.payments.app import Api
from local.payments.pages import Pages
from local.payments.provider import Provider
from local.picture_files import PictureFiles
from local.reference import ReferencePages
from local.refusals import Refusal
from local.shop_facts import ShopFacts

PROVIDER_PATH = "/provider"  # of the payment provider, for the functions


@dataclass(frozen=True)
class Parts:
    """What the pages show."""

    facts: ShopFacts
    mailbox: Mailbox
    provider: Provider
    reader: StackReader


def create_site(parts: Parts, requests: RequestLog) -> Starlette:
    mailbox, provider, reader = parts.mailbox, parts.provider, parts.reader
    return Starlette(
        routes=[
            *HomePages(parts.facts, mailbox, provider.ledger, reader.count_items).routes(),
            *ReferencePages(parts.facts).routes(),
            *MailPages(mailbox).routes(),
            *Pages(provider, reader).routes(),
            *Activity(reader, requests, mailbox, provider).routes(),
            *shop_pages.routes(),
            *PictureFiles(reader).routes(),
            assets(),
            Mount(PROVIDER_PATH, routes=Api(provider).routes()),
        ],
        exception_handlers={
            HTTPException: _show_error,
            httpx.HTTPError: _show_outage,
            BotoCoreError: _show_outage,
            ClientError: _show_outage,
        },
    )


async def _show_error(request: Request, error: Exception) -> Response:
    """A page for a browser, the shop's error envelope for a program."""
    assert isinstance(error, HTTPException)  # noqa: S101 (Starlette calls it for no other)
    status = HTTPStatus(error.status_code)
    has_no_message = error.detail == status.phrase
    if status is HTTPStatus.NOT_FOUND and "text/html" in request.headers.get("accept", ""):
        what = "This page does not exist." if has_no_message else error.detail
        return page("missing.html", status=status, what=what)
    message = (
        f"{error.detail}. Check the address and the method." if has_no_message else error.detail
    )
    body = Refusal(status, status.name.lower(), message).to_body()
    return Response(body, status, error.headers, "application/json")


async def _show_outage(_: Request, __: Exception) -> Response:
    refusal = Refusal(503, "unavailable", "MiniStack does not answer. Its log says why.")
    return Response(refusal.to_body(), refusal.status, media_type="application/json")
