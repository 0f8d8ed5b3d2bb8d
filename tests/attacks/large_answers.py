"""Short requests of visitors for the longest answers that the shop has.

Whatever encoding a client accepts, the answer is under 1 MB.
"""

from tests.attacks.attack import Attack

ENCODINGS: dict[str, str | None] = {
    "no encoding": None,
    "gzip": "gzip",
    "another encoding": "br",
    "plain text only": "identity",
    "nothing": "*;q=0",
    "gzip at no price": "gzip;q=0",
    "many encodings": ",".join(["gzip"] * 500),
}

ATTACKS = [
    *(
        Attack(f"{path} with {name}", "GET", path, 200, headers={"accept-encoding": accepted})
        for path in ("/v1/docs", "/v1/openapi.json", "/v1/asyncapi.json")
        for name, accepted in ENCODINGS.items()
    ),
    Attack("a page of the most products", "GET", "/v1/products?limit=100", 200),
    Attack("a page of the most hits", "GET", "/v1/products/search?limit=100&q=a", (200, 422)),
]
