"""Pure: tokens that the shop did not issue, or not like this. RFC 8725 lists most of them."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from shared import tokens
from shared.errors import TokenExpired, TokenInvalid
from shared.keys import KeyRing

KEY = b"a" * 64
RING = KeyRing("k1", {"k1": KEY, "k0": b"z" * 64})
NOW = int(time.time())
HEADER = {"alg": "HS256", "kid": "k1", "typ": "at+jwt"}
CLAIMS = {
    "iss": "souk",
    "aud": "souk-api",
    "sub": "usr_ada",
    "roles": ["customer"],
    "jti": "tok_1",
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 900,
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


def with_payload_of(claims: dict[str, Any]) -> str:
    header, _, signature = GENUINE.split(".")
    return f"{header}.{segment(claims)}.{signature}"


GENUINE = sign(HEADER, CLAIMS)
DUPLICATE_SUB = json.dumps(CLAIMS).encode()[:-1] + b', "exp": "soon"}'
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
    "crit": with_header(crit=["exp"], exp=NOW),
    "crit empty": with_header(crit=[]),
    "b64 false": with_header(b64=False),
    "header a list": sign(["HS256"], CLAIMS),
    "header null": sign(None, CLAIMS),
    "header no JSON": sign(b"{", CLAIMS),
    "header no UTF-8": sign(b"\xff\xfe", CLAIMS),
    "header nested deeply": sign(b"[" * 1500, CLAIMS),
}
WRONG_CLAIMS = {
    **{f"no {name}": with_claims(**{name: ABSENT}) for name in CLAIMS},
    **{f"{name} null": with_claims(**{name: None}) for name in CLAIMS},
    "exp a word": with_claims(exp="tomorrow"),
    "exp a list": with_claims(exp=[NOW + 900]),
    "exp an object": with_claims(exp={}),
    "exp infinite": with_claims(exp=float("inf")),
    "exp NaN": with_claims(exp=float("nan")),
    "nbf in the future": with_claims(nbf=NOW + 600),
    "iat in the future": with_claims(iat=NOW + 600),
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
    "roles unknown": with_claims(roles=["customer", "owner"]),
    "roles in capitals": with_claims(roles=["ADMIN"]),
    "roles a string": with_claims(roles="admin"),
    "roles an empty string": with_claims(roles=""),
    "roles an object": with_claims(roles={"admin": True}),
    "roles a number": with_claims(roles=1),
    "roles nested": with_claims(roles=[["admin"]]),
    "claims a list": sign(HEADER, [CLAIMS]),
    "claims null": sign(HEADER, None),
    "claims no JSON": sign(HEADER, b"sub=usr_ada"),
    "claims no UTF-8": sign(HEADER, b"\xff"),
    "exp given twice": sign(HEADER, DUPLICATE_SUB),
}
WRONG_SIGNATURES = {
    "foreign key": sign(HEADER, CLAIMS, key=b"f" * 64),
    "empty key": sign(HEADER, CLAIMS, key=b""),
    "a public key": sign(HEADER | {"alg": "RS256"}, CLAIMS, key=PUBLIC_KEY),
    "no HMAC": sign(HEADER, CLAIMS, key=b"")[:-43] + segment(hashlib.sha256(KEY).digest()),
    "another payload": with_payload_of(CLAIMS | {"roles": ["admin"]}),
    "another subject": with_payload_of(CLAIMS | {"sub": "usr_bob"}),
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


def test_the_token_that_all_these_are_made_from_is_good():
    principal, _ = tokens.verify(GENUINE, RING)

    assert principal.user_id == "usr_ada"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(token, id=f"{number} {name}")
        for group in (WRONG_HEADERS, WRONG_CLAIMS, WRONG_SIGNATURES, WRONG_SPELLINGS)
        for number, (name, token) in enumerate(group.items())
    ],
)
def test_a_token_that_the_shop_did_not_issue_so_is_refused(token):
    with pytest.raises(TokenInvalid) as raised:
        tokens.verify(token, RING)

    assert not isinstance(raised.value, TokenExpired)
    assert not token.strip() or token not in raised.value.message


def test_a_key_that_a_token_brings_along_is_not_used():
    attacker = b"f" * 64
    header = HEADER | {
        "jwk": {"kty": "oct", "k": segment(attacker), "kid": "k1"},
        "jku": "https://attacker.example/keys",
        "x5u": "https://attacker.example/chain",
    }

    with pytest.raises(TokenInvalid):
        tokens.verify(sign(header, CLAIMS, key=attacker), RING)


def test_no_character_of_a_signature_can_be_changed():
    signed, _, signature = GENUINE.rpartition(".")

    for at in range(len(signature)):
        other = "A" if signature[at] != "A" else "Q"
        with pytest.raises(TokenInvalid):
            tokens.verify(f"{signed}.{signature[:at]}{other}{signature[at + 1 :]}", RING)
