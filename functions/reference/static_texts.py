"""Texts that are the same for everybody: compressed once, with an ETag, for caches to keep."""

import base64
import gzip
from typing import Self

from aws_lambda_powertools.event_handler import Response

from shared.http.etags import is_not_modified, make_etag
from shared.records import Record

CACHE_SECONDS = 300  # a new release is visible soon


class StaticText(Record):
    content_type: str
    plain: str
    packed: str  # with gzip, in base64, as Lambda returns it
    etag: str

    @classmethod
    def from_text(cls, content_type: str, text: str) -> Self:
        packed = base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
        return cls(content_type, text, packed, make_etag(text))

    def to_response(
        self, *, accept_encoding: str, if_none_match: str | None, **headers: str
    ) -> Response[str]:
        """200 in the encoding that the client accepts, or 304 if it has that.

        The two encodings have different bytes, so each has a strong ETag of its own. `headers` have
        names in snake case.
        """
        is_packed = accepts_gzip(accept_encoding)
        etag = f'{self.etag[:-1]}-gzip"' if is_packed else self.etag
        sent: dict[str, str | list[str]] = {
            "Cache-Control": f"public, max-age={CACHE_SECONDS}",
            "ETag": etag,
            "Vary": "Accept-Encoding, Origin",  # API Gateway's CORS headers depend on the latter
            **{name.replace("_", "-").title(): value for name, value in headers.items()},
        }
        if is_not_modified(if_none_match, etag):
            return Response(304, headers=sent)
        if not is_packed:
            return Response(200, self.content_type, self.plain, sent)
        sent["Content-Encoding"] = "gzip"
        response = Response(200, self.content_type, self.packed, sent)
        response.base64_encoded = True
        return response


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header (RFC 9110, 12.5.3) asks for gzip."""
    weights: dict[str, float] = {}
    for coding in accept_encoding.lower().split(","):
        name, _, parameter = coding.partition(";")
        weights[name.strip()] = _weight(parameter)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
