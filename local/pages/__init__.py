"""The local stack's HTML pages. Values are escaped; no page may be framed elsewhere.

All have one frame: layout.html, assets/style.css and assets/frame.js.
"""

from pathlib import Path
from typing import Any

import jinja2
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

ASSETS = Path(__file__).with_name("assets")
NO_SNIFFING = {"X-Content-Type-Options": "nosniff"}
SAFE_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", **NO_SNIFFING}
# Scripts and styles are files of this origin: a page has none inline.
_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "frame-src 'self'; img-src 'self' data:; font-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)

_environment = jinja2.Environment(
    loader=jinja2.PackageLoader("local.pages", ""),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    template: str, status: int = 200, *, allows_inline_styles: bool = False, **values: object
) -> HTMLResponse:
    """Renders a template of this folder."""
    allowed = _PAGE_POLICY
    if allows_inline_styles:
        allowed = allowed.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
    headers = SAFE_HEADERS | {"Content-Security-Policy": allowed}
    content = _environment.get_template(template).render(**values)
    return HTMLResponse(content, status_code=status, headers=headers)


class Assets(StaticFiles):
    """Files with an ETag. A browser keeps them, and asks each time whether they have changed."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers.update(NO_SNIFFING | {"Cache-Control": "no-cache"})
        return response


def assets() -> Mount:
    return Mount("/assets", Assets(directory=ASSETS))
