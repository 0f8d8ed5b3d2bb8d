"""Pictures of products in the browser of a developer."""

import asyncio
from typing import Any

import httpx
import pytest

from local.activity.stack_reader import PictureFile
from local.origin_guard import GATEWAY
from tests.local.activity_stack import FakeReader
from tests.local.gateway_client import BASE, create_app
from tests.local.test_origin_guard import is_refused, request

KEY = "pictures/0f0f/480.webp"
IMAGE = (
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-mode", "no-cors"),
    ("sec-fetch-dest", "image"),
)


class Reader(FakeReader):
    def find_picture(self, key: str) -> PictureFile | None:
        found = PictureFile(b"RIFF", "image/webp", "public, max-age=31536000, immutable")
        return found if key == KEY else None


def ask(path: str, **headers: str) -> httpx.Response:
    async def call() -> httpx.Response:
        async with httpx.AsyncClient() as nobody:
            transport = httpx.ASGITransport(create_app(nobody, reader=Reader()))
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
                return await client.get(path, headers=headers)

    return asyncio.run(call())


def test_a_size_is_served_as_the_bucket_has_it() -> None:
    answer = ask(f"/{KEY}")

    assert (answer.status_code, answer.content) == (200, b"RIFF")
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/pictures/0f0f/1.webp", "/pictures/../incoming/x", "/pictures/%2e%2e/incoming%2Fx"]
)
def test_nothing_else_of_the_bucket_is_served(path: str) -> None:
    assert ask(path).status_code in (400, 404)


def test_a_page_of_another_origin_may_show_a_picture_only() -> None:
    def refused(path: str, *headers: Any, method: str = "GET") -> bool:
        return is_refused(request(method, path, *headers), GATEWAY)

    assert not refused(f"/{KEY}", *IMAGE)
    assert refused(f"/{KEY}", *IMAGE, method="POST")
    assert refused("/mailbox.json", *IMAGE)
    assert refused(f"/{KEY}", *IMAGE[:2], ("sec-fetch-dest", "empty"))
    assert refused(f"/{KEY}", *IMAGE, ("origin", "http://elsewhere.example"))
