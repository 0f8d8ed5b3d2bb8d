"""The layer as `sam build` makes it for this machine: small, whole and ready to start.

Built once a run, in a child process: `uv` may fetch the packages, the tests stay offline.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.template import stack

SHARED = stack.TEMPLATE.parent / "shared"
FUNCTIONS = stack.TEMPLATE.parent / "functions"
LARGEST = 20_000_000  # bytes, unzipped
USED = ("dynamodb", "events", "s3", "secretsmanager", "sesv2")


@pytest.fixture(scope="module")
def layer(tmp_path_factory) -> Path:
    scratch = tmp_path_factory.mktemp("layer")
    shutil.copytree(SHARED, scratch / "shared", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        ["make", "build-SharedLayer"],  # noqa: S607
        cwd=scratch / "shared",
        env=os.environ
        | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "ARTIFACTS_DIR": str(scratch / "built"),
            "SOUK_LAYER": "host",
            "SOUK_LAYER_PYTHON": sys.executable,
        },
        check=True,
    )
    return scratch / "built" / "python"


def run(layer, code, *, path=()):
    """The JSON that the code prints in an interpreter with the layer and no other package."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-S", "-B", "-W", "error", "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, [layer, *path]))},
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def test_it_is_under_twenty_megabytes(layer):
    assert sum(file.lstat().st_size for file in [layer, *layer.rglob("*")]) < LARGEST


def test_it_holds_no_cryptography_and_nothing_that_asks_the_dns(layer):
    present = {entry.name for entry in layer.iterdir()}

    assert {"shared", "jwt", "bcrypt", "pydantic"} <= present
    assert not present & {"cryptography", "cffi", "dns"}


def test_it_holds_the_models_of_the_services_in_use_alone(layer):
    models = {entry.name for entry in (layer / "botocore" / "data").iterdir() if entry.is_dir()}

    assert models == set(USED)


def test_it_holds_the_package_shared_and_not_the_means_of_building_it(layer):
    modules = {file.name for file in (layer / "shared").glob("*.py")}

    assert modules == {file.name for file in SHARED.glob("*.py")} - {"prune_layer.py"}
    assert not (layer / "shared" / "Makefile").exists()
    assert not (layer / "shared" / "requirements.txt").exists()


HANDLERS = [
    function["Handler"].rpartition(".")[0]
    for function in stack.of_type("AWS::Lambda::Function").values()
]


@pytest.mark.parametrize("name", HANDLERS)
def test_a_handler_turns_the_garbage_collector_on_again_once_it_has_started(name, layer):
    code = f"import {name}, gc, json; print(json.dumps([gc.isenabled(), gc.get_freeze_count()]))"

    is_on, frozen = run(layer, code, path=[FUNCTIONS])

    assert is_on
    assert frozen > 10_000


def test_every_handler_starts_on_it_without_compiling_a_line_of_it(layer):
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

    assert imported > 400
    assert uncompiled == []


def test_every_client_in_use_can_be_made(layer):
    code = f"""
import json
from shared.aws import client
print(json.dumps([client(name).meta.service_model.service_name for name in {USED!r}]))
"""

    assert run(layer, code) == list(USED)


def test_the_client_of_a_service_that_is_not_in_use_says_so(layer):
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


def test_a_client_signs_a_request_for_every_region_that_aws_has(layer):
    """endpoints.json is cut by service and not by region."""
    code = """
import json
import botocore.session
session = botocore.session.get_session()
regions = ("eu-central-1", "cn-north-1")
clients = [session.create_client("dynamodb", region_name=region) for region in regions]
print(json.dumps([it.meta.endpoint_url for it in clients]))
"""

    assert run(layer, code) == [
        "https://dynamodb.eu-central-1.amazonaws.com",
        "https://dynamodb.cn-north-1.amazonaws.com.cn",
    ]


def test_the_idempotency_of_powertools_has_the_client_it_makes_itself(layer):
    code = """
import json
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
print(json.dumps(DynamoDBPersistenceLayer("effects").client.meta.service_model.service_name))
"""

    assert run(layer, code) == "dynamodb"


@pytest.mark.parametrize("address", ["joe@example.com", "joe@bücher.example"])
def test_an_address_is_checked_without_the_dns(layer, address):
    code = f"""
import json
from pydantic import TypeAdapter, EmailStr
print(json.dumps(TypeAdapter(EmailStr).validate_python({address!r})))
"""

    assert run(layer, code) == address


def test_the_reference_page_finds_its_assets(layer):
    assets = layer / "aws_lambda_powertools" / "event_handler" / "openapi" / "swagger_ui"

    assert (assets / "swagger-ui-bundle.min.js").exists()
    assert (assets / "swagger-ui.min.css").exists()
