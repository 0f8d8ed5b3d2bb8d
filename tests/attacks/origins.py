"""Requests that a foreign web page makes a browser send to a port of this machine.

`{port}` is the port that is attacked. Every combination of a `Sender` and a `Target` is refused
before the server behind the port does anything; the answer lets no page read it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sender:
    """Header lines that tell where a request comes from."""

    name: str
    lines: tuple[str, ...]
    target_prefix: str = ""  # of an absolute-form target


@dataclass(frozen=True)
class Target:
    """A request that would do or show something. `body` is a form's or a script's."""

    method: str
    path: str
    lines: tuple[str, ...] = ()
    body: str = ""


OWN_HOST = "Host: 127.0.0.1:{port}"

# A name of the attacker's leads to 127.0.0.1, or another server shares the connection.
FOREIGN_HOSTS = [
    Sender("another name", ("Host: evil.example:{port}",)),
    Sender("another name without a port", ("Host: evil.example",)),
    Sender("a name that ends like ours", ("Host: evil-localhost:{port}",)),
    Sender("a name that begins like ours", ("Host: localhost.evil.example:{port}",)),
    Sender("our address in a name", ("Host: 127.0.0.1.nip.example:{port}",)),
    Sender("our subdomain elsewhere", ("Host: shop.s3.localhost.evil.example:{port}",)),
    Sender("AWS", ("Host: s3.us-east-1.amazonaws.com",)),
    Sender("a trailing dot", ("Host: evil.example.:{port}",)),
    Sender("upper case", ("Host: EVIL.EXAMPLE:{port}",)),
    Sender("another address", ("Host: 192.168.0.1:{port}",)),
    Sender("any address", ("Host: 0.0.0.0:{port}",)),
    Sender("a number", ("Host: 2130706433:{port}",)),
    Sender("another IPv6 address", ("Host: [::ffff:7f00:1]:{port}",)),
    Sender("an IPv6 zone", ("Host: [::1%25lo]:{port}",)),
    Sender("a user name", ("Host: localhost@evil.example:{port}",)),
    Sender("another port", ("Host: localhost:1",)),
    Sender("two ports", ("Host: localhost:{port}:80",)),
    Sender("two names", ("Host: localhost:{port}, evil.example",)),
    Sender("two Host headers", (OWN_HOST, "Host: evil.example")),
    Sender("two Host headers, ours last", ("Host: evil.example", OWN_HOST)),
    Sender("an empty Host", ("Host:",)),
    Sender("no Host", ()),
    Sender("another host in the target", (OWN_HOST,), "http://evil.example:{port}"),
    Sender("our host in the target only", ("Host: evil.example",), "http://127.0.0.1:{port}"),
]
FOREIGN_PAGES = [
    Sender("another origin", (OWN_HOST, "Origin: http://evil.example")),
    Sender("another origin over TLS", (OWN_HOST, "Origin: https://evil.example")),
    Sender("a sandboxed page or a file", (OWN_HOST, "Origin: null")),
    Sender("another port of this machine", (OWN_HOST, "Origin: http://127.0.0.1:1")),
    Sender("this machine's default port", (OWN_HOST, "Origin: http://localhost")),
    Sender("our address over TLS", (OWN_HOST, "Origin: https://127.0.0.1:{port}")),
    Sender("an origin that ends like ours", (OWN_HOST, "Origin: http://evil-localhost:{port}")),
    Sender(
        "an origin that begins like ours",
        (OWN_HOST, "Origin: http://localhost:{port}.evil.example"),
    ),
    Sender("a subdomain of this machine", (OWN_HOST, "Origin: http://evil.localhost:{port}")),
    Sender("an extension", (OWN_HOST, "Origin: chrome-extension://abcdefghijklmnop")),
    Sender("an empty origin", (OWN_HOST, "Origin:")),
    Sender(
        "two origins", (OWN_HOST, "Origin: http://127.0.0.1:{port}", "Origin: http://evil.example")
    ),
    Sender("two origins in one", (OWN_HOST, "Origin: http://127.0.0.1:{port} http://evil.example")),
    Sender("upper case", (OWN_HOST, "ORIGIN: HTTP://EVIL.EXAMPLE")),
    Sender(
        "an image of another site",
        (OWN_HOST, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"),
    ),
    Sender(
        "an image of another port",
        (OWN_HOST, "Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: no-cors"),
    ),
    Sender("another site", (OWN_HOST, "Sec-Fetch-Site: cross-site")),
    Sender("two sites", (OWN_HOST, "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site")),
    Sender(
        "a frame of another site",
        (
            OWN_HOST,
            "Sec-Fetch-Site: cross-site",
            "Sec-Fetch-Mode: navigate",
            "Sec-Fetch-Dest: iframe",
        ),
    ),
]
SENDERS = FOREIGN_HOSTS + FOREIGN_PAGES

# Programs and the port's own pages, in each spelling of this machine.
OWN_SENDERS = [
    Sender("an IPv4 address", (OWN_HOST,)),
    Sender("a name", ("Host: localhost:{port}",)),
    Sender("a name in upper case", ("Host: LOCALHOST:{port}",)),
    Sender("a name without a port", ("Host: localhost",)),
    Sender("an IPv6 address", ("Host: [::1]:{port}",)),
    Sender("its own page", (OWN_HOST, "Origin: http://127.0.0.1:{port}")),
    Sender("its own page by name", (OWN_HOST, "Origin: http://localhost:{port}")),
    Sender("its own page by IPv6", ("Host: [::1]:{port}", "Origin: http://[::1]:{port}")),
    Sender("its own image", (OWN_HOST, "Sec-Fetch-Site: same-origin")),
    Sender("an address that the user typed", (OWN_HOST, "Sec-Fetch-Site: none")),
]

FORM = "Content-Type: application/x-www-form-urlencoded"
TEXT = "Content-Type: text/plain"
PREFLIGHT = ("Access-Control-Request-Method: POST", "Access-Control-Request-Headers: x-amz-target")
SIGNED = "Authorization: AWS4-HMAC-SHA256 Credential=test/20261127/us-east-1/{service}/aws4_request"
WEBSOCKET = (
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
ENGINE_TARGETS = [
    Target("POST", "/_ministack/reset", (TEXT,)),
    Target("GET", "/_ministack/health"),
    Target("GET", "/_ministack/ses/messages?account=000000000000"),
    Target("POST", "/_ministack/config", (TEXT,), "{}"),
    Target("OPTIONS", "/", PREFLIGHT),
    Target("OPTIONS", "/2015-03-31/functions", PREFLIGHT),
    Target("GET", "/?Action=CreateQueue&QueueName=evil&Version=2012-11-05"),
    Target("POST", "/", (FORM,), "Action=CreateQueue&QueueName=evil&Version=2012-11-05"),
    Target("POST", "/", (TEXT, "X-Amz-Target: AmazonSQS.CreateQueue"), '{"QueueName": "evil"}'),
    Target("PUT", "/evil", (SIGNED.replace("{service}", "s3"),)),
    Target("DELETE", "/2015-03-31/functions/any", (SIGNED.replace("{service}", "lambda"),)),
    Target("GET", "/_aws/execute-api/any/$default/v1/health"),
    Target("GET", "/_aws/execute-api/any/$default", WEBSOCKET),
]

# Addresses of MiniStack to which any page can send its visitor's tab. The credentials in the query
# are the operator's: MiniStack does what an `Action` says, and compares no signature.
_SCOPE = "X-Amz-Credential=test/20261127/us-east-1/{service}/aws4_request"
_REST = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261127T120000Z&X-Amz-Expires=600"
    "&X-Amz-SignedHeaders=host&X-Amz-Signature=0"
)
SIGNATURE = f"{_SCOPE.replace('{service}', 's3')}&{_REST}"
_SQS_SIGNATURE = f"{_SCOPE.replace('{service}', 'sqs')}&{_REST}"
_CREATE = "Action=CreateQueue&QueueName=evil&Version=2012-11-05"
LINK_TARGETS = [
    "/bucket/key",
    f"/?{_CREATE}",
    f"/?{_CREATE}&X-Amz-Signature=0",
    f"/?{_CREATE}&{_SQS_SIGNATURE}",
    f"/bucket/key?{_CREATE}&{_SQS_SIGNATURE}",
    f"/bucket/key?{_CREATE}&{SIGNATURE}",
    f"/bucket/key?Acti%6fn=CreateQueue&QueueName=evil&{SIGNATURE}",
    f"/bucket/key?{SIGNATURE}&Action=",
    f"/bucket/key?{SIGNATURE}&acl",
    f"/bucket/key?{SIGNATURE}&{_SQS_SIGNATURE}",
    f"/bucket/key?{_SQS_SIGNATURE}",
    "/bucket/key?X-Amz-Signature=0",
    "/bucket/key?%58-Amz-Signature=0&Action=ListQueues",
    f"/?{SIGNATURE}",
    f"/bucket?{SIGNATURE}",
    f"/bucket/?{SIGNATURE}",
    f"/_ministack/health?{SIGNATURE}",
    f"/_ministack/ses/messages?{SIGNATURE}&account=000000000000",
    f"/_aws/execute-api/any/$default/v1/health?{SIGNATURE}",
    f"/2015-03-31/functions?{SIGNATURE}",
    f"/2015-03-31/functions/any/configuration?{SIGNATURE}",
    f"/v2/apis?{SIGNATURE}",
]
GATEWAY_TARGETS = [
    Target("GET", "/"),
    Target("GET", "/mailbox.json"),
    Target("GET", "/mailbox.txt"),
    Target("GET", "/payments"),
    Target("POST", "/provider/payments/any/confirm", (TEXT,), "{}"),
    Target("PUT", "/provider/behaviour", (TEXT,), '{"hold": true}'),
    Target("GET", "/v1/health"),
    Target("POST", "/v1/auth/login", (TEXT,), "{}"),
    Target("DELETE", "/v1/me"),
    Target("OPTIONS", "/v1/orders", PREFLIGHT),
    Target("OPTIONS", "/mailbox.json", PREFLIGHT),
    Target("TRACE", "/v1/health"),
    Target("GET", "/v1/health", WEBSOCKET),
]
