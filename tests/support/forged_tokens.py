"""Tokens that the shop did not issue, or not in this form. RFC 8725 lists most of them."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from auth.sessions.refresh_tokens import RefreshToken
from shared import ids
from shared.security import opaque_tokens
from shared.security.api_keys import KeyText
from shared.security.key_rings import KeyRing

KEY = b"a" * 64
OTHER_KEY = b"z" * 64
RING = KeyRing("k1", {"k1": KEY, "k0": OTHER_KEY})
NOW = int(time.time())
LATER = NOW + 36_000  # after the end of any test run
HEADER = {"alg": "HS256", "kid": "k1", "typ": "at+jwt"}
CLAIMS = {
    "iss": "souk",
    "aud": "souk-api",
    "sub": "usr_ada",
    "sid": "ses_one",
    "jti": "tok_1",
    "iat": NOW,
    "nbf": NOW,
    "exp": LATER,
}
ABSENT = object()


def segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(header: Any, claims: Any, *, key: bytes = KEY, digest: str = "sha256") -> str:
    signed = f"{segment(header)}.{segment(claims)}"
    return f"{signed}.{segment(hmac.digest(key, signed.encode(), digest))}"


def with_header(**changes: Any) -> str:
    return sign(changed(HEADER, changes), CLAIMS)


def with_claims(**changes: Any) -> str:
    return sign(HEADER, changed(CLAIMS, changes))


def changed(original: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in (original | changes).items() if value is not ABSENT}


def unsigned(**changes: Any) -> str:
    return f"{segment(HEADER | changes)}.{segment(CLAIMS)}."


def with_payload_of(claims: Any) -> str:
    """These claims with the signature of the genuine token."""
    header, _, signature = GENUINE.split(".")
    return f"{header}.{segment(claims)}.{signature}"


def with_header_of(header: Any) -> str:
    _, payload, signature = GENUINE.split(".")
    return f"{segment(header)}.{payload}.{signature}"


def duplicate_member(document: dict[str, Any], name: str, first: Any, last: Any) -> bytes:
    """The document as JSON, with one member twice."""
    others = changed(document, {name: ABSENT})
    pairs = [(name, first), *others.items(), (name, last)]
    return ("{" + ", ".join(f'"{key}": {json.dumps(value)}' for key, value in pairs) + "}").encode()


GENUINE = sign(HEADER, CLAIMS)
PUBLIC_KEY = (
    b"-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----"
)

WRONG_HEADERS = {
    "alg none, signed": with_header(alg="none"),
    "alg none, unsigned": unsigned(alg="none"),
    "alg None": unsigned(alg="None"),
    "HS256, unsigned": unsigned(),
    "alg HS512": sign(HEADER | {"alg": "HS512"}, CLAIMS, digest="sha512"),
    "alg HS384": sign(HEADER | {"alg": "HS384"}, CLAIMS, digest="sha384"),
    "alg RS256, signed by HMAC": with_header(alg="RS256"),
    "alg ES256": with_header(alg="ES256"),
    "alg hs256": with_header(alg="hs256"),
    "alg missing": with_header(alg=ABSENT),
    "alg null": with_header(alg=None),
    "alg a list": with_header(alg=["HS256"]),
    "kid unknown": with_header(kid="k9"),
    "kid of another key": with_header(kid="k0"),
    "kid a path": with_header(kid="../../dev/null"),
    "kid empty": with_header(kid=""),
    "kid missing": with_header(kid=ABSENT),
    "kid null": with_header(kid=None),
    "kid a number": with_header(kid=1),
    "kid a list": with_header(kid=["k1"]),
    "kid an object": with_header(kid={"k1": "k1"}),
    "typ JWT": with_header(typ="JWT"),
    "typ refresh": with_header(typ="rt+jwt"),
    "typ missing": with_header(typ=ABSENT),
    "typ a list": with_header(typ=["at+jwt"]),
    "zip": with_header(zip="DEF", enc="A256GCM", alg="dir"),
    "crit": with_header(crit=["exp"], exp=NOW),
    "crit empty": with_header(crit=[]),
    "b64 false": with_header(b64=False),
    "header a list": sign(["HS256"], CLAIMS),
    "header null": sign(None, CLAIMS),
    "header no JSON": sign(b"{", CLAIMS),
    "header no UTF-8": sign(b"\xff\xfe", CLAIMS),
    "header twice": sign(json.dumps([HEADER, HEADER]).encode(), CLAIMS),
    "header nested deeply": sign(b"[" * 1500, CLAIMS),
}
WRONG_CLAIMS = {
    **{f"no {name}": with_claims(**{name: ABSENT}) for name in CLAIMS},
    **{f"{name} null": with_claims(**{name: None}) for name in CLAIMS},
    "exp a word": with_claims(exp="tomorrow"),
    "exp a list": with_claims(exp=[LATER]),
    "exp an object": with_claims(exp={}),
    "exp infinite": with_claims(exp=float("inf")),
    "exp NaN": with_claims(exp=float("nan")),
    "nbf in the future": with_claims(nbf=LATER),
    "iat in the future": with_claims(iat=LATER),
    "iat a word": with_claims(iat="now"),
    "iss another": with_claims(iss="bazaar"),
    "iss a list": with_claims(iss=["souk"]),
    "aud another": with_claims(aud="souk-admin"),
    "aud a list": with_claims(aud=["souk-api"]),
    "aud a list of two": with_claims(aud=["souk-api", "other"]),
    "aud empty": with_claims(aud=""),
    "sub a number": with_claims(sub=7),
    "sub empty": with_claims(sub=""),
    "sub a list": with_claims(sub=["usr_ada"]),
    "jti a number": with_claims(jti=1),
    "sub an object": with_claims(sub={"sub": "usr_ada"}),
    "sid a number": with_claims(sid=7),
    "sid empty": with_claims(sid=""),
    "sid a list": with_claims(sid=["ses_one"]),
    "sid an object": with_claims(sid={"ses_one": "ses_one"}),
    "sid true": with_claims(sid=True),
    "claims a list": sign(HEADER, [CLAIMS]),
    "claims null": sign(HEADER, None),
    "claims no JSON": sign(HEADER, b"sub=usr_ada"),
    "claims no UTF-8": sign(HEADER, b"\xff"),
    "claims nested deeply": sign(HEADER, b"[" * 1500),
}
# If a member is given twice, Souk uses the last one, as most parsers do. RFC 7519, 4 and RFC 7515,
# 4 allow that or a refusal. Nothing can be gained from it: the signature covers the whole text, one
# parser reads it, and the shop signs no such text. The first one must never count, and nobody may
# add a member to a signed token.
DUPLICATE_MEMBERS = {
    "alg given twice": sign(duplicate_member(HEADER, "alg", "HS256", "none"), CLAIMS),
    "kid given twice": sign(duplicate_member(HEADER, "kid", "k1", "k0"), CLAIMS),
    "typ given twice": sign(duplicate_member(HEADER, "typ", "at+jwt", "JWT"), CLAIMS),
    "aud given twice": sign(HEADER, duplicate_member(CLAIMS, "aud", "souk-api", "other")),
    "iss given twice": sign(HEADER, duplicate_member(CLAIMS, "iss", "souk", "bazaar")),
    "sid given twice": sign(HEADER, duplicate_member(CLAIMS, "sid", "ses_one", "")),
    "exp given twice": sign(HEADER, duplicate_member(CLAIMS, "exp", LATER, "soon")),
    "a second sub put in": with_payload_of(duplicate_member(CLAIMS, "sub", "usr_bob", "usr_ada")),
    "another sub put behind": with_payload_of(
        duplicate_member(CLAIMS, "sub", "usr_ada", "usr_bob")
    ),
    "a second alg put in": with_header_of(duplicate_member(HEADER, "alg", "none", "HS256")),
}
LAST_COUNTS = {
    "sub": sign(HEADER, duplicate_member(CLAIMS, "sub", "usr_bob", "usr_ada")),
    "aud": sign(HEADER, duplicate_member(CLAIMS, "aud", ["other"], "souk-api")),
    "alg": sign(duplicate_member(HEADER, "alg", "none", "HS256"), CLAIMS),
}
WRONG_SIGNATURES = {
    "foreign key": sign(HEADER, CLAIMS, key=b"f" * 64),
    "empty key": sign(HEADER, CLAIMS, key=b""),
    "a public key": sign(HEADER | {"alg": "RS256"}, CLAIMS, key=PUBLIC_KEY),
    "no HMAC": sign(HEADER, CLAIMS, key=b"")[:-43] + segment(hashlib.sha256(KEY).digest()),
    "of the other key": sign(HEADER, CLAIMS, key=OTHER_KEY),
    "more rights": with_payload_of(CLAIMS | {"roles": ["admin"]}),
    "another subject": with_payload_of(CLAIMS | {"sub": "usr_bob"}),
    "another session": with_payload_of(CLAIMS | {"sid": "ses_two"}),
    "a later end": with_payload_of(CLAIMS | {"exp": LATER + 1}),
    "another header": with_header_of(HEADER | {"kid": "k0"}),
    "cut short": GENUINE[:-1],
    "one character more": GENUINE + "A",
}
WRONG_SPELLINGS = {
    "empty": "",
    "blank": " ",
    "one part": GENUINE.split(".")[0],
    "two parts": ".".join(GENUINE.split(".")[:2]),
    "four parts": GENUINE + ".e30",
    "five parts": GENUINE + ".e30.e30",
    "two dots": "..",
    "a dot at the end": GENUINE + ".",
    "a dot twice": GENUINE.replace(".", "..", 1),
    "padding": GENUINE + "=",
    "a blank before": " " + GENUINE,
    "a blank after": GENUINE + " ",
    "a line break": GENUINE + "\n",
    "a line break inside": GENUINE.replace(".", ".\n", 1),
    "NUL": GENUINE + "\x00",
    "the standard alphabet": GENUINE[:-1] + "+",
    "not ASCII": GENUINE[:-1] + "é",
    "a lone surrogate": GENUINE[:-1] + "\ud800",
    "its scheme": "Bearer " + GENUINE,
    "huge": GENUINE + "A" * 5000,
    "huge claims": with_claims(note="x" * 10_000),
    "JSON": json.dumps(CLAIMS),
    "JSON serialisation": json.dumps(dict(zip("abc", GENUINE.split("."), strict=True))),
}
# Credentials that the shop issued for another purpose.
OTHER_CREDENTIALS = {
    "a refresh token": str(RefreshToken.first(ids.new_id("usr"), ids.new_id("ses"), 1)),
    "the token of a link": opaque_tokens.new_secret(),
    "an id": ids.new_id("usr"),
    "a cursor": f"k1.{segment({'order_id': {'S': 'ord_1'}})}.{segment(b'm' * 32)}",
    "an API key": str(KeyText(ids.new_id("usr"), ids.new_id("key"), opaque_tokens.new_secret())),
    "an ID token": sign(HEADER | {"typ": "JWT"}, CLAIMS | {"aud": "souk-shop", "nonce": "n"}),
    "a token of the key of cursors": sign(HEADER, CLAIMS, key=b"souk/cursor-keys ".ljust(64, b"x")),
}
FORGED = {
    f"{group}: {name}": token
    for group, tokens in {
        "header": WRONG_HEADERS,
        "claims": WRONG_CLAIMS,
        "duplicate": DUPLICATE_MEMBERS,
        "signature": WRONG_SIGNATURES,
        "spelling": WRONG_SPELLINGS,
        "other": OTHER_CREDENTIALS,
    }.items()
    for name, token in tokens.items()
}
