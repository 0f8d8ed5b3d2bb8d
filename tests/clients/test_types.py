"""Generated clients have strict types: their code is clean, and a mistyped error code is found."""

import pytest

from tests.clients import generation
from tests.clients.generation import JOURNEY, PYTHON_PACKAGE, WRONG_CODE
from tests.contract.tools import needs_npm_tools


@pytest.fixture(scope="module")
def python_client(tmp_path_factory):
    return generation.generate_python_client(tmp_path_factory.mktemp("python"))


@pytest.fixture(scope="module")
def typescript_client(tmp_path_factory):
    return generation.generate_typescript_client(tmp_path_factory.mktemp("typescript"))


def test_the_python_client_and_its_journey_are_typed(python_client):
    assert generation.check_python(python_client, PYTHON_PACKAGE, JOURNEY) == []


def test_a_mistyped_code_is_an_error_in_python(python_client):
    (found,) = generation.check_python(python_client, WRONG_CODE)

    assert "wrong_code.py:" in found
    assert 'Literal["out_of_stok"]' in found.replace("'", '"')


@needs_npm_tools
def test_the_typescript_client_and_its_journey_are_typed(typescript_client):
    assert generation.compile_typescript(typescript_client, JOURNEY) == []


@needs_npm_tools
def test_a_mistyped_code_is_an_error_in_typescript(typescript_client):
    (found,) = generation.compile_typescript(typescript_client, WRONG_CODE)

    assert "wrong_code.ts" in found
    assert '"out_of_stok"' in found
