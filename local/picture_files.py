"""The sizes of pictures, as a CDN in front of the bucket serves them on AWS."""

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.activity.stack_reader import StackReader
from local.pages import NO_SNIFFING

PATH = "/pictures/"  # the prefix of their keys, too


class PictureFiles:
    def __init__(self, reader: StackReader) -> None:
        self._reader = reader

    def routes(self) -> list[Route]:
        return [Route(f"{PATH}{{digest}}/{{name}}", self._send)]

    async def _send(self, request: Request) -> Response:
        key = f"{PATH}{request.path_params['digest']}/{request.path_params['name']}".lstrip("/")
        found = await run_in_threadpool(self._reader.find_picture, key)
        if found is None:
            raise HTTPException(404, "No picture has this address")
        headers = {"Cache-Control": found.cache_control, **NO_SNIFFING}
        return Response(found.content, headers=headers, media_type=found.content_type)
