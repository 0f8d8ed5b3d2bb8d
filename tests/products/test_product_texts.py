"""What a product shows to everyone: in requests, in patches and in imported rows."""

import json

import pytest

from files.workers import import_file
from products.handler import handler
from shared.storage.models.catalog import Product
from shared.storage.models.uploads import Upload
from tests.attacks.attack import nested
from tests.attacks.text_values import HIDDEN, INVISIBLE, LEGAL, LINE_BREAKS
from tests.support import imports
from tests.support.catalog import create_product, get_product, patch_product, post_product
from tests.support.http import CONTEXT, STAFF, send

pytestmark = pytest.mark.usefixtures("aws")

OVERRIDE = HIDDEN["an override to the right"]
IN_GROUP = {"group": "TEA-GREEN", "options": {"size": "S"}}


def codes(answer) -> list[tuple[str, str]]:
    return [(problem["path"], problem["code"]) for problem in answer.error["details"]["fields"]]


def test_legal_texts_are_shown_as_they_were_sent():
    note = "\n".join([*LEGAL.values(), *LINE_BREAKS.values()])

    for number, text in enumerate(LEGAL.values()):
        product = create_product(
            sku=f"TEA-{number}",
            name=text,
            description=note,
            tags=[text],
            attributes={text: [{"text": note}]},
            group=f"GROUP-{number}",
            options={text: text},
        )
        shown = get_product(product["id"]).body
        assert (shown["name"], shown["description"], shown["tags"]) == (text, note, [text])
        assert (shown["attributes"], shown["options"]) == (
            {text: [{"text": note}]},
            {text: text},
        )


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": OVERRIDE}, "body.name"),
        ({"description": OVERRIDE}, "body.description"),
        ({"tags": ["green", OVERRIDE]}, "body.tags.1"),
        ({"attributes": {"text": OVERRIDE}}, "body.attributes"),
        ({"attributes": {"list": [{"deep": [OVERRIDE]}]}}, "body.attributes"),
        ({"attributes": {"object": {OVERRIDE: 1}}}, "body.attributes"),
        (IN_GROUP | {"options": {"size": OVERRIDE}}, "body.options.size"),
        ({"name": INVISIBLE["joiners"]}, "body.name"),
        ({"tags": [INVISIBLE["blanks"]]}, "body.tags.0"),
        ({"attributes": {"number": 10**4_298}}, "body.attributes"),
        ({"attributes": {"number": -(2**63)}}, "body.attributes"),
    ],
)
def test_a_hidden_text_or_huge_number_is_refused(changes, path):
    product = create_product()
    before = get_product(product["id"]).body

    created = post_product(**changes | {"sku": "TEA-2"})
    patched = patch_product(product["id"], changes)

    for answer in (created, patched):
        assert (answer.status, answer.paths) == (422, [path])
        assert answer.error["details"]["fields"][0]["message"].startswith("Must ")
    assert get_product(product["id"]).body == before


@pytest.mark.parametrize("name", [OVERRIDE, INVISIBLE["a byte order mark"], "a\nb"])
def test_names_of_options_and_attributes_are_lines(name):
    for fields in ({"attributes": {name: 1}}, IN_GROUP | {"options": {name: "S"}}):
        answer = post_product(**fields)

        assert answer.status == 422
        assert answer.paths[0].endswith("[key]")
        assert "\u202e" not in json.dumps(answer.body, ensure_ascii=False)


def test_the_message_says_what_to_do_about_a_huge_integer():
    answer = post_product(attributes={"number": 2**64})

    assert codes(answer) == [("body.attributes", "integer_too_large")]
    assert "send larger ones as text" in answer.error["message"]


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63) + 1, 4006381333931, 1.7e308, -0.5])
def test_numbers_that_clients_can_read_are_legal(number):
    product = create_product(attributes={"number": number})

    assert get_product(product["id"]).body["attributes"] == {"number": number}


@pytest.mark.parametrize("depth", [33, 500, 1_000, 2_000, 20_000, 150_000])
@pytest.mark.parametrize("member", ["options", "price", "attributes"])
def test_a_deep_patch_of_a_stored_product_is_refused(member, depth):
    product = create_product()
    body = b'{"%s":%s}' % (member.encode(), nested(depth))

    answer = send(
        handler,
        "products.patch",
        caller=STAFF,
        raw_body=body.decode(),
        path={"product_id": product["id"]},
        headers={"if-match": "*"},
    )

    expected = "too_many_values" if depth > 10_000 else "too_deep"
    path = "body" if depth > 10_000 else f"body.{member}"
    assert (answer.status, codes(answer)) == (422, [(path, expected)])
    assert Product.get(product["id"]).version == 1


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        (f"TEA,{OVERRIDE},1250,EUR,7,", "name"),
        ("TEA,\u200b\u200d,1250,EUR,7,", "name"),
        ("TEA,a\x1b[31m,1250,EUR,7,", "name"),
        (f"TEA,Tea,1250,EUR,7,{OVERRIDE}", "description"),
        (f"TEA,Tea,{'9' * 4_299},EUR,7,", "price_minor"),
        (f"TEA,Tea,1250,EUR,{'9' * 60_000},", "available"),
        (f"{'🛒' * 30_000},Tea,1250,EUR,7,", "sku"),
    ],
)
def test_an_imported_row_obeys_the_same_rules(cells, field):
    file = f"sku,name,price_minor,currency,available,description\n{cells}\n"
    imports.upload()

    import_file.handler(imports.put_file(file), CONTEXT)

    (error,) = Upload.get("upl_one", "upload").errors
    assert error.field == field
    assert len(error.message) <= 300
    assert Product.count() == 0
