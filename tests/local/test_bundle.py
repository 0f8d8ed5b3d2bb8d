"""What `make build` and `make run` deploy of `functions/`: compiled, and nothing else."""

import importlib.util
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from local import bundle, deployment, paths
from local.paths import ROOT
from tests.template import stack

HASH_OF_SOURCE, FLAGS = slice(8, 16), slice(4, 8)  # PEP 552
UNCHECKED = 0b01  # by the source's hash, which Python does not compare
FOR_THIS_PYTHON = {"SOUK_LAYER": "host", "SOUK_LAYER_PYTHON": sys.executable}
HANDLERS = [
    function["Handler"].rpartition(".")[0]
    for function in stack.of_type("AWS::Lambda::Function").values()
]


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def functions(built) -> Path:
    return built / bundle.FOLDER


def build(folder: Path, **variables: str) -> Path:
    """A bundle in a folder with the template as `sam build` writes it."""
    template = (ROOT / "template.yaml").read_text()
    built_template = template.replace("CodeUri: functions/", "CodeUri: ../../functions")
    (folder / bundle.TEMPLATE).write_text(built_template)
    bundle.bundle_functions(folder, os.environ | FOR_THIS_PYTHON | variables)
    return folder


def write_program(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def run(functions: Path, code: str, *options: str) -> "subprocess.CompletedProcess[str]":
    path = [functions, ROOT, *(entry for entry in sys.path if entry.endswith("site-packages"))]
    return subprocess.run(  # noqa: S603
        [sys.executable, "-S", "-B", *options, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))},
        cwd=functions,
        check=True,
        capture_output=True,
        text=True,
    )


def sources(folder: Path) -> set[Path]:
    return {file.relative_to(folder) for file in folder.rglob("*.py")}


def test_every_function_deploys_the_bundle(built):
    resources = yaml_parse((built / bundle.TEMPLATE).read_text())["Resources"]

    code = {
        name: resource["Properties"]["CodeUri"]
        for name, resource in resources.items()
        if isinstance(resource, dict) and resource.get("Type") == "AWS::Serverless::Function"
    }

    assert len(code) == len(HANDLERS)
    assert set(code.values()) == {bundle.FOLDER}


def test_only_the_code_of_functions_differs_in_the_template(built):
    source = (ROOT / "template.yaml").read_text().splitlines()
    written = (built / bundle.TEMPLATE).read_text().splitlines()

    differing = [old.strip() for old, new in zip(source, written, strict=True) if old != new]

    assert differing == ["CodeUri: functions/"] * len(HANDLERS)


def test_every_module_has_its_source_and_unchecked_bytecode(functions):
    assert sources(functions) == sources(bundle.SOURCES)
    for source in functions.rglob("*.py"):
        compiled = Path(importlib.util.cache_from_source(str(source))).read_bytes()

        assert struct.unpack("<I", compiled[FLAGS]) == (UNCHECKED,), source
        assert compiled[HASH_OF_SOURCE] == importlib.util.source_hash(source.read_bytes()), source


def test_every_handler_starts_without_compiling_a_function(functions):
    code = f"import importlib\nfor name in {HANDLERS!r}: importlib.import_module(name)"

    messages = run(functions, code, "-v").stderr

    loaded = [line for line in messages.splitlines() if f"code object from '{functions}/" in line]
    assert {f"{name.rpartition('.')[2]}.cpython" for name in HANDLERS} <= {
        Path(line.rstrip("'")).name.partition("-")[0] for line in loaded
    }
    assert [line for line in loaded if not line.endswith(".pyc'")] == []


def test_a_stack_trace_in_a_bundle_shows_lines(functions):
    code = """
import traceback
from orders.guests import links
try:
    links.require_valid_token("ord_1", None)
except links.OrderNotFound:
    traceback.print_exc()
"""

    trace = run(functions, code).stderr

    assert f'"{functions}/orders/guests/links.py", line' in trace
    assert "raise OrderNotFound" in trace


def test_the_bundle_has_only_what_functions_use(functions):
    names = {file.relative_to(functions) for file in functions.rglob("*") if file.is_file()}

    assets = {
        file.relative_to(bundle.SOURCES)
        for file in bundle.SOURCES.rglob("*")
        if file.suffix in {".html", ".txt", ".json"} and file.name != "requirements.txt"
    }
    compiled = {
        Path(importlib.util.cache_from_source(str(source))) for source in sources(functions)
    }
    assert names == sources(functions) | assets | compiled


def test_caches_of_this_checkout_are_not_deployed(tmp_path, monkeypatch):
    checkout = tmp_path / "checkout"
    for name in ("handler.py", "__pycache__/handler.cpython-39.pyc", "stale.pyc", "Makefile"):
        (checkout / "orders" / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / "orders" / name).write_text("")
    monkeypatch.setattr(bundle, "SOURCES", checkout)

    bundle.copy_compiled(tmp_path / "copy", os.environ | FOR_THIS_PYTHON)

    names = {file.name for file in (tmp_path / "copy").rglob("*") if file.is_file()}
    compiled = Path(importlib.util.cache_from_source("handler.py")).name
    assert names == {"handler.py", compiled}


def test_two_builds_of_the_same_sources_are_equal(functions, tmp_path):
    again = build(tmp_path) / bundle.FOLDER

    def contents(folder: Path) -> dict[Path, bytes]:
        files = (file for file in folder.rglob("*") if file.is_file())
        return {file.relative_to(folder): file.read_bytes() for file in files}

    assert contents(again) == contents(functions)


def test_bytecode_names_the_path_on_lambda(functions):
    compiled = importlib.util.cache_from_source(str(functions / "orders" / "handler.py"))

    assert b"/var/task/orders/handler.py" in Path(compiled).read_bytes()
    assert str(functions).encode() not in Path(compiled).read_bytes()


def test_a_build_without_lambda_s_python_says_so(tmp_path, capfd):
    build(tmp_path, SOUK_LAYER="aws", SOUK_LAYER_PYTHON="")

    assert "cold starts will be slow" in capfd.readouterr().err
    assert sources(tmp_path / bundle.FOLDER) == sources(bundle.SOURCES)
    assert not list(tmp_path.rglob("*.pyc"))


def test_a_build_for_lambda_refuses_another_python(tmp_path, capfd):
    other = write_program(
        tmp_path / "python",
        f"""exec {sys.executable} -c "import platform; platform.python_version = lambda: '3.12.1'
$2" """,
    )

    with pytest.raises(bundle.BundleError):
        build(tmp_path, SOUK_LAYER="aws", SOUK_LAYER_PYTHON=str(other))

    assert "SOUK_LAYER_PYTHON must be Python 3.13" in capfd.readouterr().err
    assert not (tmp_path / bundle.FOLDER).exists()
    assert f"CodeUri: {bundle.FOLDER}" not in (tmp_path / bundle.TEMPLATE).read_text()


@pytest.mark.parametrize("code", ["../../elsewhere", "s3://bucket/functions.zip"])
def test_a_template_that_does_not_fit_is_refused(tmp_path, code):
    template = (
        (ROOT / "template.yaml").read_text().replace("CodeUri: functions/", f"CodeUri: {code}", 1)
    )
    (tmp_path / bundle.TEMPLATE).write_text(template)

    with pytest.raises(
        bundle.BundleError, match=rf"{len(HANDLERS)} functions, {len(HANDLERS) - 1} with"
    ):
        bundle.bundle_functions(tmp_path, os.environ | FOR_THIS_PYTHON)


def test_make_build_bundles_after_sam_has_built():
    command = ["make", "--dry-run", "build"]
    listed = subprocess.run(  # noqa: S603
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()

    assert listed[-2].endswith("sam build")
    assert listed[-1].endswith("-m local.bundle .aws-sam/build")


def test_the_local_stack_deploys_the_bundle(tmp_path, monkeypatch):
    edit = "s|CodeUri: functions/|CodeUri: ../../functions|"
    script = f'mkdir -p "$7" && sed "{edit}" "$5" > "$7/template.yaml" && touch "$7/../build.toml"'
    monkeypatch.setattr(paths, "SAM_PYTHON", write_program(tmp_path / "sam", script))
    monkeypatch.setattr(paths, "BUILDS", tmp_path / "builds")
    monkeypatch.setattr(paths, "MINISTACK_PYTHON", Path(sys.executable))

    built = deployment.build(tmp_path, "a fingerprint")

    assert f"CodeUri: {bundle.FOLDER}" in (built / bundle.TEMPLATE).read_text()
    assert list((built / bundle.FOLDER / "orders" / "__pycache__").glob("handler.*.pyc"))
