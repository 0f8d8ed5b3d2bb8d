"""Checks of the syntax trees: which module may import which."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support import template

ROOT = Path(__file__).parents[1]
FUNCTIONS = ROOT / "functions"
SHARED = ROOT / "shared"

# The kinds of module that each kind may import within one function. A module's name is its kind;
# handlers and workers are the entry points, and every other module is pure.
# Handlers and routes have no rules and read no tables: they parse, call a service, and respond.
MAY_IMPORT = {
    "handler": {"routes", "schemas", "fields", "views", "service"},
    "routes": {"schemas", "fields", "views", "service", "catalog_queries"},
    "worker": {  # it has its event's rules
        *("schemas", "views", "service", "settlement", "repository", "pure"),
    },
    "service": {
        *("schemas", "fields", "views", "service", "placement", "repository"),
        *("catalog_queries", "pure"),
    },
    "placement": {"schemas", "repository", "pure"},  # a part of the service of orders
    "settlement": {"service", "repository", "pure"},  # what two workers of payments share
    "repository": {"schemas", "repository", "pure"},  # one transaction may change two nouns
    "catalog_queries": {"schemas", "pure"},  # compiles queries, so it knows pynamodb
    "schemas": {"schemas", "fields", "views", "pure"},
    "views": {"schemas", "fields", "views", "pure"},
    "fields": {"pure"},  # types of fields, for bodies and parameters
    "pure": {"schemas", "views", "pure"},
}
# Routes call the service of their own noun; a rule about two nouns belongs in a service.
WITHIN_ONE_NOUN = {("routes", "service")}
# Between functions: an imported row obeys the rules of an API call, an exported one has the fields
# of one, one worker writes the files of all exports, and a link in a mail opens an order.
EDGES = {
    ("exports", "files.exports.product_files"),
    ("exports", "orders.exports.service"),
    ("files", "products.exporting.service"),
    ("files", "products.importing.service"),
    ("files", "products.importing.archiving.service"),
    ("notifications", "orders.guests.links"),
}
USES_PYNAMODB = {"repository", "catalog_queries"}
USES_HTTP = {
    "handler",
    "routes",
    "shared.http.api",
    "shared.http.arguments",
    "shared.http.request_checks",
    "shared.http.routers",
    "shared.http.responses",
    "shared.http.parameters",
}


@cache
def modules() -> dict[str, ast.Module]:
    """The deployed modules, by the names that Lambda imports."""
    files = {path: path.relative_to(FUNCTIONS) for path in FUNCTIONS.rglob("*.py")}
    files |= {path: path.relative_to(ROOT) for path in SHARED.rglob("*.py")}
    return {
        ".".join(name.with_suffix("").parts).removesuffix(".__init__"): ast.parse(path.read_text())
        for path, name in files.items()
    }


@cache
def entry_points() -> set[str]:
    """The modules that Lambda calls."""
    properties = [resource["Properties"] for resource in template.resources().values()]
    return {each["Handler"].rpartition(".")[0] for each in properties if "Handler" in each}


def imports_of(tree: ast.Module) -> Iterator[str]:
    """The full name of each import: `from files import rows` imports files.rows."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert not node.level, "a relative import is a second spelling of a module"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        if isinstance(node, ast.Constant) and str(node.value).endswith(".routes"):
            yield f"{node.value}.routes"  # shared/http/routers.py imports it


def function_of(module: str) -> str | None:
    """The function of a module, or None for `shared` and for other projects."""
    function = module.partition(".")[0]
    return function if (FUNCTIONS / function).is_dir() else None


def module_in(name: str) -> str:
    """The module in a full name: products.service.ImportedProduct is in products.service."""
    return name if name in modules() else name.rpartition(".")[0]


def kind_of(module: str) -> str:
    name = module.rpartition(".")[2]
    if module in entry_points():
        return "worker" if ".workers." in module else "handler"
    return name if name in MAY_IMPORT else "pure"


def noun_of(module: str) -> str:
    """The package of a module: auth.sessions.service belongs to auth.sessions."""
    return module.rpartition(".")[0]


def may_use(importer: str, library: str) -> bool:
    """Only repositories use pynamodb, and only handlers and routes use HTTP."""
    if library.partition(".")[0] == "pynamodb":
        stores = importer.startswith("shared.storage.")
        return stores or kind_of(importer) in USES_PYNAMODB
    if library.startswith("aws_lambda_powertools.event_handler"):
        return importer in USES_HTTP or kind_of(importer) in USES_HTTP
    return library.partition(".")[0] not in ("tests", "docs", "local", "benchmarks")


def is_allowed(importer: str, imported: str) -> bool:
    if function_of(imported) is None:
        return may_use(importer, imported)
    imported = module_in(imported)
    if imported in entry_points():
        return False
    if function_of(importer) != function_of(imported):
        return (function_of(importer), imported) in EDGES
    kinds = kind_of(importer), kind_of(imported)
    if kinds in WITHIN_ONE_NOUN and noun_of(importer) != noun_of(imported):
        return False
    return kinds[1] in MAY_IMPORT[kinds[0]]


def names_in(tree: ast.Module) -> set[str]:
    """The names that a module defines."""
    assignments = [node for node in tree.body if isinstance(node, ast.Assign)]
    targets = [target for assignment in assignments for target in assignment.targets]
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {target.id for target in targets if isinstance(target, ast.Name)}.union(functions)


@pytest.mark.parametrize("module", sorted(modules()))
def test_a_module_imports_only_what_its_kind_may(module):
    imported = set(imports_of(modules()[module]))

    assert [name for name in sorted(imported) if not is_allowed(module, name)] == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("orders.checkout.service", "orders.handler.handler"),
        ("auth.sessions.service", "auth.handler.api"),
        ("auth.sessions.routes", "auth.handler.api"),
        ("auth.sessions.service", "auth.sessions.routes.routes"),
        ("auth.users.routes", "auth.sessions.routes.routes"),
        ("auth.sessions.schemas", "auth.sessions.routes.routes"),
        ("auth.sessions.routes", "auth.sessions.repository"),
        ("orders.views", "orders.checkout.service"),
        ("orders.views", "orders.checkout.repository"),
        ("orders.checkout.repository", "orders.views"),
        ("orders.views", "aws_lambda_powertools.event_handler.Response"),
        ("notifications.workers.send_emails", "notifications.workers.relay_events"),
        ("auth.sessions.routes", "auth.sessions.refresh_tokens.RefreshToken"),
        ("auth.passwords.routes", "auth.accounts.service"),
        ("auth.handler", "auth.accounts.repository"),
        ("auth.sessions.repository", "auth.sessions.service"),
        ("auth.users.repository", "auth.accounts.service"),
        ("auth.sessions.refresh_tokens", "auth.sessions.repository"),
        ("auth.credentials.login_throttle", "auth.credentials.service"),
        ("auth.accounts.schemas", "auth.accounts.service"),
        ("auth.sessions.service", "pynamodb.exceptions.DoesNotExist"),
        ("auth.sessions.refresh_tokens", "pynamodb.models.Model"),
        ("auth.sessions.service", "aws_lambda_powertools.event_handler.Response"),
        ("auth.sessions.schemas", "aws_lambda_powertools.event_handler.openapi.params.Query"),
        ("auth.users.service", "orders.checkout.service"),
        ("auth.privacy.repository", "orders.checkout.repository"),
        ("auth.privacy.schemas", "orders.checkout.schemas.OrderView"),
        ("orders.checkout.service", "auth.accounts.service"),
        ("authorizer.service", "auth.sessions.repository"),
        ("shared.http.authorization", "auth.accounts.service"),
        ("shared.http.authorization", "pynamodb.models.Model"),
        ("shared.security.api_keys", "pynamodb.models.Model"),
        ("shared.http.authorization", "aws_lambda_powertools.event_handler.Response"),
        ("notifications.emails", "notifications.workers.send_emails"),
        ("notifications.repository", "orders.guests.repository"),
        ("shared.http.api", "products.service"),
        ("shared.storage.outbox", "notifications.workers.relay_events"),
        ("orders.checkout.service", "products.service"),
        ("orders.pricing", "products.schemas.Sku"),
        ("files.workers.import_file", "products.repository"),
        ("files.workers.import_file", "products.service"),
        ("products.stock.routes", "products.stock.repository"),
        ("products.index.catalog_entries", "products.index.repository"),
        ("products.catalog_queries", "products.repository"),
        ("products.service", "files.rows"),
        ("orders.handler", "orders.checkout.repository"),
        ("orders.handler", "orders.pricing"),
        ("orders.checkout.repository", "orders.checkout.service"),
        ("orders.pricing", "orders.checkout.repository"),
        ("orders.checkout.schemas", "orders.checkout.service"),
        ("orders.checkout.service", "pynamodb.exceptions.DoesNotExist"),
        ("shared.http.api", "pynamodb.models"),
        ("products.schemas", "aws_lambda_powertools.event_handler.openapi.params.Query"),
        ("notifications.workers.send_emails", "aws_lambda_powertools.event_handler"),
        ("shared.security.key_rings", "tests.support"),
    ],
)
def test_the_rules_refuse(importer, imported):
    assert not is_allowed(importer, imported)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("files.rows", "products.importing.service.ImportedProduct"),
        ("auth.handler", "auth.sessions.routes.routes"),
        ("auth.sessions.routes", "auth.sessions.service"),
        ("auth.sessions.routes", "auth.accounts.schemas.UserView"),
        ("auth.sessions.routes", "shared.http.api.Routes"),
        ("auth.sessions.routes", "aws_lambda_powertools.event_handler.Response"),
        ("auth.sessions.service", "auth.credentials.service"),
        ("auth.sessions.service", "auth.accounts.repository"),
        ("auth.sessions.service", "auth.sessions.refresh_tokens.RefreshToken"),
        ("auth.sessions.service", "shared.storage.transactions.Transaction"),
        ("auth.users.repository", "auth.accounts.repository"),
        ("auth.sessions.repository", "auth.sessions.refresh_tokens.RefreshToken"),
        ("notifications.links", "orders.guests.links"),
        ("authorizer.repository", "pynamodb.exceptions.UpdateError"),
        ("shared.storage.models.accounts", "pynamodb.attributes.UnicodeAttribute"),
        ("shared.storage.transactions", "pynamodb.transactions.TransactWrite"),
        ("files.workers.import_file", "files.repository"),
        ("orders.handler", "orders.checkout.service"),
        ("orders.checkout.service", "orders.views.OrderView"),
        ("orders.views", "orders.lifecycle.buyers.is_guest"),
        ("orders.checkout.service", "orders.pricing.Quote"),
        ("orders.checkout.repository", "pynamodb.exceptions.DoesNotExist"),
        ("products.catalog_queries", "shared.storage.models.Product"),
        ("orders.handler", "aws_lambda_powertools.event_handler.Response"),
        (
            "notifications.workers.send_emails",
            "aws_lambda_powertools.utilities.batch.BatchProcessor",
        ),
    ],
)
def test_the_rules_allow(importer, imported):
    assert is_allowed(importer, imported)


@pytest.mark.parametrize("module", sorted(modules()))
def test_a_module_defines_records_and_no_data_classes(module):
    """`dataclass` writes and compiles code at each import: thirty times the cost of a record."""
    assert "dataclasses.dataclass" not in set(imports_of(modules()[module]))
    assert "dataclasses" not in set(imports_of(modules()[module]))


def test_no_import_is_circular():
    imported = {
        module: {module_in(name) for name in imports_of(tree)} & modules().keys() - {module}
        for module, tree in modules().items()
    }

    order = list(TopologicalSorter(imported).static_order())  # raises CycleError

    assert (
        order.index("shared.errors") < order.index("shared.http.api") < order.index("auth.handler")
    )


def test_each_routes_module_is_in_one_handler():
    """A route without a handler would be in no document and get 404."""
    for module in modules():
        if kind_of(module) == "routes":
            including = [
                other
                for other, tree in modules().items()
                if function_of(other) == function_of(module)
                and kind_of(other) == "handler"
                and f"{module}.routes" in set(imports_of(tree))
            ]
            assert len(including) == 1, module


def test_every_entry_point_has_a_handler():
    assert "files.workers.import_file" in entry_points()
    for module in entry_points():
        assert "handler" in names_in(modules()[module]), module


def test_every_worker_is_an_entry_point():
    workers = {module for module in modules() if ".workers." in module}

    assert "notifications.workers.relay_events" in workers
    assert workers <= entry_points()


def test_every_exception_between_functions_is_used():
    used = {
        (function_of(importer), module_in(name))
        for importer, tree in modules().items()
        for name in imports_of(tree)
        if function_of(name) not in (None, function_of(importer))
    }

    assert used == EDGES
