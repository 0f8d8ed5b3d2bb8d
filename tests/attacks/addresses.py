"""Headers in which a client names another address than its own, to get a quota of its own.

No trusted proxy sent these requests, so the shop counts the sender's address.
"""

from tests.attacks.attack import Attack, json_body

_NAMED = "198.51.100.1"
_HEADERS = {
    "x-forwarded-for": {"x-forwarded-for": f"{_NAMED}, 192.0.2.1"},
    "x-forwarded-for with a port": {"x-forwarded-for": f"{_NAMED}:443"},
    "x-real-ip": {"x-real-ip": _NAMED},
    "forwarded": {"forwarded": f"for={_NAMED}"},
    "true-client-ip": {"true-client-ip": _NAMED},
    "cf-connecting-ip": {"cf-connecting-ip": _NAMED},
    "cloudfront-viewer-address": {"cloudfront-viewer-address": f"{_NAMED}:46532"},
    "empty secret": {"x-proxy-secret": "", "true-client-ip": _NAMED},
    "guessed secret": {"x-proxy-secret": "secret", "true-client-ip": _NAMED},
    "name of a key": {"x-proxy-secret": "k1", "true-client-ip": _NAMED},
    "a key ring": {"x-proxy-secret": '{"current": "k1"}', "true-client-ip": _NAMED},
    "long secret": {"x-proxy-secret": "x" * 4000, "true-client-ip": _NAMED},
    "two secrets": {"x-proxy-secret": f"{'x' * 64},{'y' * 64}", "true-client-ip": _NAMED},
}

ATTACKS = [
    Attack(
        name,
        "POST",
        "/v1/auth/login",
        401,
        "wrong_credentials",
        headers=headers,
        body=json_body({"email": "{unique}@example.com", "password": "correct horse battery"}),
    )
    for name, headers in _HEADERS.items()
]
