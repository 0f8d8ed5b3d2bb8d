"""The layer as `sam build` makes it for this machine: small, complete and precompiled."""

import pytest

from tests.support import built_layer
from tests.support.built_layer import FUNCTIONS, SHARED
from tests.template import stack

LAYER_BYTES_MAX = 20_000_000  # unzipped
MODULES_MIN = 400  # fewer means that the handlers were not imported
FROZEN_OBJECTS_MIN = 10_000  # fewer means that `freeze_gc` ran too early
SERVICES = ("dynamodb", "events", "s3", "secretsmanager", "sesv2", "sqs")


def run(layer, code, *, path=()):
    return built_layer.run([layer, *path], code)


def test_the_layer_is_under_twenty_megabytes(layer):
    assert sum(file.lstat().st_size for file in [layer, *layer.rglob("*")]) < LAYER_BYTES_MAX


def test_the_layer_has_no_cryptography_and_no_dns_package(layer):
    present = {entry.name for entry in layer.iterdir()}

    assert {"shared", "jwt", "bcrypt", "pydantic"} <= present
    assert not present & {"cryptography", "cffi", "dns"}


def test_the_layer_has_only_the_models_of_services_in_use(layer):
    models = {entry.name for entry in (layer / "botocore" / "data").iterdir() if entry.is_dir()}

    assert models == set(SERVICES)


def test_the_layer_has_the_package_shared_without_build_files(layer):
    modules = {file.name for file in (layer / "shared").glob("*.py")}

    assert modules == {file.name for file in SHARED.glob("*.py")} - {
        "lean_imports.py",
        "prune_layer.py",
    }
    assert not (layer / "shared" / "Makefile").exists()
    assert not (layer / "shared" / "requirements.txt").exists()


# Of these functions a package that is imported at the start is in a layer of their own.
WITH_OWN_LAYER = {"pictures.workers.process_pictures"}  # tests/pictures/test_layer.py
HANDLERS = [
    name
    for function in stack.of_type("AWS::Lambda::Function").values()
    if (name := function["Handler"].rpartition(".")[0]) not in WITH_OWN_LAYER
]


@pytest.mark.parametrize("name", HANDLERS)
def test_a_started_handler_has_garbage_collection_on(name, layer):
    code = f"import {name}, gc, json; print(json.dumps([gc.isenabled(), gc.get_freeze_count()]))"

    is_on, frozen = run(layer, code, path=[FUNCTIONS])

    assert is_on
    assert frozen > FROZEN_OBJECTS_MIN


def test_every_handler_starts_without_compiling_the_layer(layer):
    code = f"""
import importlib, json, pathlib, sys
for name in {HANDLERS!r}:
    importlib.import_module(name)
uncompiled = [
    module.__name__
    for module in list(sys.modules.values())
    if (getattr(module, "__file__", None) or "").startswith({str(layer)!r})
    and not module.__file__.endswith((".pyc", ".so"))
    and not pathlib.Path(module.__cached__).exists()
]
print(json.dumps([len(sys.modules), uncompiled]))
"""

    imported, uncompiled = run(layer, code, path=[FUNCTIONS])

    assert imported > MODULES_MIN
    assert uncompiled == []


def test_a_client_of_every_service_in_use_can_be_created(layer):
    code = f"""
import json
from shared.aws import client
print(json.dumps([client(name).meta.service_model.service_name for name in {SERVICES!r}]))
"""

    assert run(layer, code) == list(SERVICES)


def test_creating_another_client_fails_with_the_service_s_name(layer):
    code = """
import json
from botocore.exceptions import UnknownServiceError
from shared.aws import client
try:
    client("ec2")
except UnknownServiceError as error:
    print(json.dumps(str(error)))
"""

    assert "Unknown service: 'ec2'" in run(layer, code)


def test_an_upload_form_can_be_signed(layer):
    code = """
import json
from shared.aws import client
form = client("s3").generate_presigned_post(
    "bucket", "uploads/upl_1", Conditions=[["content-length-range", 1, 10]]
)
print(json.dumps(form))
"""

    form = run(layer, code)

    assert form["url"] == "https://bucket.s3.eu-central-1.amazonaws.com/"
    assert form["fields"].keys() >= {"key", "policy", "x-amz-signature"}


def test_clients_find_endpoints_in_every_partition(layer):
    """The build prunes endpoints.json by service and not by region."""
    code = """
import json
import botocore.session
session = botocore.session.get_session()
regions = ("eu-central-1", "cn-north-1")
clients = [session.create_client("dynamodb", region_name=region) for region in regions]
print(json.dumps([client.meta.endpoint_url for client in clients]))
"""

    assert run(layer, code) == [
        "https://dynamodb.eu-central-1.amazonaws.com",
        "https://dynamodb.cn-north-1.amazonaws.com.cn",
    ]


def test_powertools_idempotency_can_create_its_client(layer):
    code = """
import json
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
print(json.dumps(DynamoDBPersistenceLayer("effects").client.meta.service_model.service_name))
"""

    assert run(layer, code) == "dynamodb"


@pytest.mark.parametrize("address", ["joe@example.com", "joe@bücher.example"])
def test_an_email_address_is_validated_without_the_dns(layer, address):
    code = f"""
import json
from pydantic import TypeAdapter, EmailStr
print(json.dumps(TypeAdapter(EmailStr).validate_python({address!r})))
"""

    assert run(layer, code) == address


def test_the_layer_has_the_assets_of_the_reference_page(layer):
    assets = layer / "aws_lambda_powertools" / "event_handler" / "openapi" / "swagger_ui"

    assert (assets / "swagger-ui-bundle.min.js").exists()
    assert (assets / "swagger-ui.min.css").exists()
