"""Bodies that cost more than they say: wide, deep, long, ambiguous, or of a type that forms send.

What a visitor sends is refused before the model is validated. The answer is never longer than a
few kilobytes, whatever the request has.
"""

from tests.attacks.attack import Attack, json_body, nested

MERGE_PATCH = "application/merge-patch+json"
LOGIN = "/v1/auth/login"
PRODUCT = "/v1/products/{product_id}"
CREDENTIALS = b'"email":"ada@example.com","password":"wrong horse battery"'


def login(name: str, body: bytes, status: int = 422, code: str = "invalid_fields") -> Attack:
    return Attack(name, "POST", LOGIN, status, code, body=body)


def typed(name: str, content_type: str | None) -> Attack:
    return Attack(
        name,
        "POST",
        LOGIN,
        415,
        "unsupported_media_type",
        headers={"content-type": content_type},
        body=b"{%s}" % CREDENTIALS,
    )


def patch(name: str, member: bytes, value: bytes, path: str = PRODUCT) -> Attack:
    return Attack(
        name,
        "PATCH",
        path,
        422,
        "invalid_fields",
        headers={"content-type": MERGE_PATCH, "if-match": "*"},
        body=b'{"%s":%s}' % (member, value),
        caller="staff",
    )


def members(count: int, value: bytes = b"1") -> bytes:
    return b"{%s}" % b",".join(b'"k%d":%s' % (number, value) for number in range(count))


WIDE = [
    login("80,000 unknown members", members(80_000)),
    login("2,000 unknown members", members(2_000)),
    login("999 unknown members", members(999)),
    login("a list of 400,000", b'{%s,"code":[%s]}' % (CREDENTIALS, b",".join([b"1"] * 400_000))),
    login("objects in a list", b'{"email":[%s]}' % b",".join([b'{"a":1}'] * 100_000)),
    login("empty texts", b'{"email":[%s]}' % b",".join([b'""'] * 300_000)),
]
LONG = [
    login("a name of 240,000 emoji", b'{"%s":1}' % ("🛒".encode() * 240_000)),
    login("a name of 160,000 controls", b'{"%s":1}' % (b"\\u0001" * 160_000)),
    login("a name that is half a character", b'{"\\ud800":1}'),
    login("a text of 900,000 characters", b'{"email":"%s","password":"x"}' % (b"x" * 900_000)),
    login("a text of escaped quotes", b'{"email":"%s","password":"x"}' % (b'\\"' * 450_000)),
    login("brackets in a text", b'{"email":"%s","password":"x"}' % (b'\\"[{,' * 180_000)),
    login("many strange characters", json_body({"email": "".join(map(chr, range(161, 400)))})),
]
DEEP = [
    login("objects, 500 deep", nested(500)),
    login("objects, 2,000 deep", nested(2_000)),
    login("objects, 150,000 deep", nested(150_000)),
    login("lists, 5,000 deep", b'{"code":%s%s}' % (b"[" * 5_000, b"]" * 5_000)),
    login("a list and no end", b"[" * 900_000, 400, "malformed_json"),
    *(
        patch(f"{member} of a product, {depth} deep", member.encode(), nested(depth))
        for member in ("options", "price", "attributes")
        for depth in (33, 1_000, 2_000, 20_000)
    ),
    *(
        patch(f"{member} of a promotion, {depth} deep", member.encode(), nested(depth), path)
        for path in ("/v1/promotions/NONE",)
        for member in ("amount", "minimum")
        for depth in (1_000, 2_000, 20_000)
    ),
    Attack(
        "a webhook, 20,000 deep, without a signature",
        "POST",
        "/v1/payments/webhook",
        400,
        "webhook_signature_invalid",
        body=nested(20_000),
    ),
]
AMBIGUOUS = [
    login(name, body, 400, "malformed_json")
    for name, body in {
        "a member twice": b'{%s,"email":"bob@example.com"}' % CREDENTIALS,
        "the same member 900 times": b"{%s}" % b",".join([b'"a":1'] * 900),
        "NaN": b'{%s,"code":NaN}' % CREDENTIALS,
        "Infinity": b'{%s,"code":-Infinity}' % CREDENTIALS,
        "an infinite double": b'{%s,"code":1e999}' % CREDENTIALS,
        "an integer of 900,000 digits": b'{"email":%s}' % (b"1" * 900_000),
        "a double of 900,000 digits": b'{"email":1.%s}' % (b"1" * 900_000),
        "an exponent of 900,000 digits": b'{"email":1e-%s}' % (b"1" * 900_000),
        "only a quote": b'"' * 900_000,
        "a byte order mark": b"\xef\xbb\xbf{%s}" % CREDENTIALS,
    }.items()
]
TYPES = [
    typed("no type", None),
    typed("plain text", "text/plain"),
    typed("a form", "application/x-www-form-urlencoded"),
    typed("a form with files", "multipart/form-data; boundary=x"),
    typed("plain text that names JSON", "text/plain; application/json"),
    typed("two types", "application/json, text/plain"),
    typed("two types, the other first", "text/plain, application/json"),
    typed("JSON and a second type", "application/json; charset=utf-8, text/plain"),
    typed("JSON in UTF-16", "application/json; charset=utf-16"),
    typed("a merge patch where none goes", MERGE_PATCH),
]
LARGE = [login("more than 1 MB", b'{"email":"%s"}' % (b"x" * 1_000_000), 413, "too_large")]
ATTACKS = [*WIDE, *LONG, *DEEP, *AMBIGUOUS, *TYPES, *LARGE]
