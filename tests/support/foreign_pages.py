"""What the tests' own servers refuse: they live for seconds, but a page could find their ports.

local.origin_guard does this for the local stack. These servers have no pages, so no Origin is
their own.
"""

from collections.abc import Mapping


def is_foreign(headers: Mapping[str, str], port: int | None) -> bool:
    """`headers` have names in lower case."""
    return (
        headers.get("host") not in {f"127.0.0.1:{port}", f"localhost:{port}"}
        or "origin" in headers
        or headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}
    )
