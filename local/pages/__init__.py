"""The local stack's HTML pages. Values are escaped; no page may be cached or framed elsewhere.

Browsers may cache the scripts, which hold no values.
"""

from pathlib import Path

import jinja2
from starlette.responses import HTMLResponse, Response

from shared.http.etags import is_not_modified, make_etag

SAFE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
SELF, NOBODY = "'self'", "'none'"

_environment = jinja2.Environment(
    loader=jinja2.PackageLoader("local.pages", ""),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    template: str, status: int = 200, *, runs_scripts: bool = False, **values: object
) -> HTMLResponse:
    """Renders a template of this folder."""
    allowed = f"{policy(NOBODY)}; frame-src 'self'"
    if runs_scripts:
        allowed += "; script-src 'self'; connect-src 'self'"  # no inline scripts
    headers = SAFE_HEADERS | {"Content-Security-Policy": allowed}
    content = _environment.get_template(template).render(**values)
    return HTMLResponse(content, status_code=status, headers=headers)


def policy(frame_ancestors: str) -> str:
    """A content security policy that allows styles and images, and nothing else."""
    return (
        "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; base-uri 'none'; "
        f"form-action 'none'; frame-ancestors {frame_ancestors}"
    )


def script(name: str, if_none_match: str | None) -> Response:
    """A script of this folder, or 304 if the browser has it. Browsers keep it and ask each time."""
    source = Path(__file__).with_name(name).read_text()
    etag = make_etag(source)
    headers = SAFE_HEADERS | {"Cache-Control": "no-cache", "ETag": etag}
    if is_not_modified(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(source, media_type="text/javascript", headers=headers)
