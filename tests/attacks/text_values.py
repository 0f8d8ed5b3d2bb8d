"""Texts that show something else than they say, and those of real people, which stay legal."""

from tests.attacks.attack import Attack, Caller, json_body

# Nobody sees anything of these.
INVISIBLE = {
    "blanks": "  \u00a0\u3000",
    "zero-width spaces": "\u200b\u200b",
    "joiners": "\u200d\u200c\u2060",
    "a byte order mark": "\ufeff",
    "marks of direction": "\u200e\u200f\u061c",
    "soft hyphens": "\u00ad\u00ad",
    "Hangul fillers": "\u3164\u115f\u1160\uffa0",
    "an empty braille cell": "\u2800",
    "variation selectors": "\ufe0f\U000e0100",
    "a mark without a letter": "\u0301\u034f",
    "tags": "\U000e0041\U000e0042",
    "a Mongolian vowel separator": "\u180e",
    "invisible operators": "\u2061\u2062\u2063\u2064",
    "a Khmer vowel that has no glyph": "\u17b4",
}
# These change what the text around them shows, or end the line that it is on.
HIDDEN = {
    "an override to the right": "exe\u202egpj",
    "an override to the left": "a\u202db",
    "an embedding": "a\u202ab\u202bc\u202c",
    "isolates": "a\u2066b\u2067c\u2068d\u2069",
    "only an override": "\u202e",
    "only isolates": "\u2067\u2069",
    "deprecated formatting": "a\u206ab\u206f",
    "annotations": "a\ufff9b\ufffac\ufffb",
    "a NUL": "a\x00b",
    "an escape sequence": "\x1b[31mred",
    "a backspace": "a\bb",
    "a delete": "a\x7fb",
    "a C1 control": "a\x9bb",
    "a next line": "a\x85b",
    "no character": "a\ufffeb\uffff",
}
LINE_BREAKS = {
    "a line feed": "a\nb",
    "a carriage return": "a\rb",
    "a tab": "a\tb",
    "a line separator": "a\u2028b",
    "a paragraph separator": "a\u2029b",
}
LEGAL = {
    "an apostrophe": "Miriam O'Hara-Nuñez",
    "a combining mark": "Zoe\u0308",
    "Arabic": "محمد بن سلمان",
    "Hebrew with a mark of direction": "שלום\u200f (Haifa)",
    "Persian with a joiner": "می\u200cخواهم",
    "Hindi with a joiner": "क्\u200dष",
    "Thai with zero-width spaces": "สวัสดี\u200bครับ",
    "Khmer": "ភ្នំពេញ",
    "Chinese": "王小明",
    "Korean": "김민수",
    "a family": "👨\u200d👩\u200d👧\u200d👦",
    "a heart": "❤\ufe0f",
    "the flag of Scotland": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "a soft hyphen": "Donau\u00addampfschiff",
    "a no-break space": "12\u00a0Rue",
    "a formula": "=1+1",
    "markup": "<b>&amp;</b>",
    "one digit": "7",
}
LONG_LOCAL_PART = "a" * 65 + "@example.com"
LONGEST_LOCAL_PART = "a" * 64 + "@example.com"


def register(case: str, **fields: str) -> Attack:
    body = {"email": "{unique}@example.com", "password": "correct horse battery", "name": "Ada"}
    return _refused(case, "POST", "/v1/auth/register", "visitor", body | fields)


def product(name: str, attributes: object) -> Attack:
    body = {
        "sku": "{unique}",
        "name": "Tea",
        "price": {"amount_minor": 100, "currency": "EUR"},
        "attributes": attributes,
    }
    return _refused(name, "POST", "/v1/products", "staff", body)


def quote(name: str, text: str) -> Attack:
    address = {"name": text, "line1": text, "city": text, "country": "BE"}
    body = {"lines": [{"product_id": "{product_id}", "quantity": 1}], "shipping_address": address}
    return Attack(name, "POST", "/v1/guest/orders/quote", 200, body=json_body(body))


def _refused(name: str, method: str, path: str, caller: Caller, body: object) -> Attack:
    return Attack(name, method, path, 422, "invalid_fields", body=json_body(body), caller=caller)


ATTACKS = [
    *(register(f"a name of {name}", name=text) for name, text in INVISIBLE.items()),
    *(register(f"a name with {name}", name=text) for name, text in HIDDEN.items()),
    *(register(f"a name with {name}", name=text) for name, text in LINE_BREAKS.items()),
    register("a local part of 65 characters", email=LONG_LOCAL_PART),
    product("an integer of 4,299 digits", {"n": 10**4_298}),
    product("an integer of 65 bits", {"list": [{"n": -(2**64)}]}),
    product("a name of invisible characters in attributes", {"\u200b": 1}),
    product("an override in attributes", {"text": ["a\u202eb"]}),
    product("an override in a nested name", {"text": {"a\u202eb": 1}}),
    product("an escape sequence in attributes", {"text": "\x1b[31m"}),
    *(quote(f"legal: {name}", text) for name, text in LEGAL.items()),
]
