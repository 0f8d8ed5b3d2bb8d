"""The local stack's parameters in samconfig.toml, and the reports of mistakes in them."""

from pathlib import Path

import pytest

from local.emulator import StackError
from local.parameters import local_parameters, sam_override, shop_origins

TEMPLATE = """
Parameters:
  Environment: {Type: String}
  MailSender: {Type: String}
  BcryptCost: {Type: Number}
  ShopUrl: {Type: String}
  AllowedOrigins: {Type: CommaDelimitedList, Default: "http://localhost:3000"}
Conditions:
  IsLocal: !Equals [!Ref Environment, local]
"""
TABLE = "[local.deploy.parameters.parameter_overrides]"


def project(tmp_path: Path, *lines: str, table: str = TABLE) -> Path:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "samconfig.toml").write_text("\n".join([table, 'Environment = "local"', *lines]))
    return tmp_path


def test_the_local_environment_chooses_parameters(tmp_path: Path) -> None:
    root = project(tmp_path, 'MailSender = "tea@shop.example"', "BcryptCost = 10")

    assert local_parameters(root) == {
        "Environment": "local",
        "MailSender": "tea@shop.example",
        "BcryptCost": "10",
    }


def test_an_unknown_parameter_is_refused_by_name(tmp_path: Path) -> None:
    root = project(tmp_path, 'MailSendr = "tea@shop.example"')

    with pytest.raises(StackError, match=r"template\.yaml has no parameter MailSendr\."):
        local_parameters(root)


def test_a_parameter_that_the_stack_sets_is_refused(tmp_path: Path) -> None:
    root = project(tmp_path, 'ShopUrl = "http://localhost:3000"')

    with pytest.raises(StackError, match="the local stack sets ShopUrl itself"):
        local_parameters(root)


def test_another_environment_is_refused(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "samconfig.toml").write_text(f'{TABLE}\nEnvironment = "production"')

    with pytest.raises(StackError, match='Environment must be "local"'):
        local_parameters(tmp_path)


@pytest.mark.parametrize("value", ["true", "1.5", '["a"]', "2026-11-27"])
def test_a_value_that_sam_would_respell_is_refused(tmp_path: Path, value: str) -> None:
    root = project(tmp_path, f"MailSender = {value}")

    with pytest.raises(StackError, match="write MailSender = "):
        local_parameters(root)


@pytest.mark.parametrize("table", ["[prod.deploy]", "[local.deploy.parameters]", "[local"])
def test_a_file_without_the_table_is_refused(tmp_path: Path, table: str) -> None:
    root = project(tmp_path, table=table)

    with pytest.raises(StackError, match=r"samconfig\.toml.* (is missing|is not valid TOML)"):
        local_parameters(root)


def test_a_list_of_parameters_is_refused(tmp_path: Path) -> None:
    """SAM takes one too; the local stack reads the table."""
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "samconfig.toml").write_text(
        '[local.deploy.parameters]\nparameter_overrides = ["Environment=local"]'
    )

    with pytest.raises(StackError, match="must be a table"):
        local_parameters(tmp_path)


def test_a_project_without_samconfig_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"samconfig\.toml cannot be read"):
        local_parameters(tmp_path)


@pytest.mark.parametrize(
    ("value", "passed"),
    [("EUR", 'ShopName="EUR"'), ("Tea & Co", 'ShopName="Tea & Co"'), ('"T"', r'ShopName="\"T\""')],
)
def test_a_value_with_spaces_reaches_sam_whole(value: str, passed: str) -> None:
    assert sam_override("ShopName", value) == passed


def test_the_shops_origins_are_those_of_the_parameter(tmp_path: Path) -> None:
    root = project(tmp_path)
    chosen = {"AllowedOrigins": "http://localhost:5173, https://shop.test"}

    assert shop_origins(root, {}) == ["http://localhost:3000"]
    assert shop_origins(root, chosen) == ["http://localhost:5173", "https://shop.test"]


@pytest.mark.parametrize("origins", ["*", "http://localhost:3000, *"])
def test_not_every_page_may_use_the_local_stack(tmp_path: Path, origins: str) -> None:
    with pytest.raises(StackError, match="must not be \\*"):
        shop_origins(project(tmp_path), {"AllowedOrigins": origins})
