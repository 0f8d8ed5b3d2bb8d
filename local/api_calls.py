"""Forwards a request to MiniStack's HTTP API, as API Gateway does to a function, and its answer."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from local.instances import InstanceQueues

HOP_BY_HOP = {
    b"connection",
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
REWRITTEN = {b"host", b"content-length", b"x-forwarded-for"}


@dataclass(frozen=True)
class Gateway:
    """MiniStack's HTTP API, and the queues in front of its functions."""

    url: str
    client: httpx.AsyncClient
    queues: InstanceQueues
    shop_origins: frozenset[str] = frozenset()  # whose pages may call the API


async def call_api(request: Request, gateway: Gateway) -> Response:
    body = await request.body()
    try:
        async with gateway.queues.turn(request.method, request.scope["path"]):
            if await request.is_disconnected():
                return Response()  # the client is gone, so the function need not run
            forwarded = _to_api_request(request, gateway, body)
            answer = await gateway.client.send(forwarded, stream=True)
    except (httpx.HTTPError, TimeoutError):
        return JSONResponse({"message": "Service Unavailable"}, 503)
    return await _to_response(answer)


def _to_api_request(request: Request, gateway: Gateway, body: bytes) -> httpx.Request:
    """Keeps the spelling of path and query, and repeated headers."""
    base = httpx.URL(gateway.url)
    query = request.scope["query_string"]
    target = base.raw_path + request.scope["raw_path"] + (b"?" + query if query else b"")
    sender = request.client.host if request.client else "127.0.0.1"
    passed_on = [*request.headers.getlist("x-forwarded-for"), sender]
    headers = [
        *(header for header in request.headers.raw if _is_for_api(*header, gateway)),
        (b"x-forwarded-for", ", ".join(passed_on).encode("latin-1")),
        (b"x-forwarded-proto", b"http"),
    ]
    url = base.copy_with(raw_path=target)
    return httpx.Request(request.method, url, headers=headers, content=body or None)


def _is_for_api(name: bytes, value: bytes, gateway: Gateway) -> bool:
    """Without what told this port's own pages from foreign ones: to MiniStack's port, both are."""
    if name.lower() == b"origin":
        return value.decode("latin-1").lower() in gateway.shop_origins
    is_rewritten = name.lower() in REWRITTEN or name.lower().startswith(b"sec-fetch-")
    return _is_end_to_end(name) and not is_rewritten


async def _to_response(answer: httpx.Response) -> Response:
    if answer.status_code == httpx.codes.BAD_GATEWAY:  # MiniStack shows the function's exception
        await answer.aclose()
        return JSONResponse({"message": "Internal Server Error"}, 500)

    async def body() -> AsyncIterator[bytes]:
        try:
            async for chunk in answer.aiter_raw():
                yield chunk
        finally:
            await answer.aclose()

    response = StreamingResponse(body(), answer.status_code)
    response.raw_headers = [
        (name.lower(), value)
        for name, value in answer.headers.raw
        if _is_end_to_end(name) and not _is_length_of_nothing(answer, name, value)
    ]
    return response


def _is_length_of_nothing(answer: httpx.Response, name: bytes, value: bytes) -> bool:
    """Of a HEAD response without a body: RFC 9110, 8.6 allows only the length that GET has."""
    is_length = name.lower() == b"content-length" and value == b"0"
    return is_length and answer.request.method == "HEAD"


def _is_end_to_end(name: bytes) -> bool:
    return name.lower() not in HOP_BY_HOP
