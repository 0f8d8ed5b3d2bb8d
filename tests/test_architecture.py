"""Over the syntax trees: who may import whom, and what none of the code does."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support import template
from tests.support.http import EVENTS

ROOT = Path(__file__).parents[1]
FUNCTIONS = ROOT / "functions"
SHARED = ROOT / "shared"

# Within one function. A handler has no rules and no tables: it parses, asks the service, and shows.
# Where a function has many nouns, each is a package whose routes do that, and the handler has only
# those. CatalogQuery is what a request for a page of the catalog is parsed into.
MAY_IMPORT = {
    "handler": {"routes", "schemas", "fields", "service", "catalog"},
    "routes": {"schemas", "fields", "service"},
    "consumer": {"schemas", "service", "repository", "pure"},  # an event's rules are its handler's
    "service": {"schemas", "fields", "service", "repository", "catalog", "pure"},
    "repository": {"schemas", "repository", "pure"},  # one transaction may be about two nouns
    "catalog": {"schemas", "pure"},
    "schemas": {"schemas", "fields", "pure"},
    "fields": {"pure"},  # what is allowed in a field, be it of a body or a parameter
    "pure": {"schemas", "pure"},
}
# A noun's routes ask its own rules: what is about two nouns is decided in a service.
ONLY_OF_THEIR_OWN_NOUN = {("routes", "service")}
# Between functions: an imported row obeys the rules of an API call, and a link in a mail opens an
# order.
EDGES = {
    ("files", "products.importing.service"),
    ("notifications", "orders.guests.links"),
}
CLOCKS = {"now", "utcnow", "today", "fromtimestamp", "utcfromtimestamp"}
SPEAK_HTTP = {
    "handler",
    "routes",
    "shared.http.api",
    "shared.http.responses",
    "shared.http.parameters",
}


@cache
def modules() -> dict[str, ast.Module]:
    """What is deployed, by the name that Lambda imports it by."""
    files = {path: path.relative_to(FUNCTIONS) for path in FUNCTIONS.rglob("*.py")}
    files |= {path: path.relative_to(ROOT) for path in SHARED.rglob("*.py")}
    return {
        ".".join(name.with_suffix("").parts).removesuffix(".__init__"): ast.parse(path.read_text())
        for path, name in files.items()
    }


@cache
def entry_points() -> set[str]:
    """The modules that Lambda calls."""
    functions = [it for it in template.resources().values() if "Handler" in it["Properties"]]
    return {it["Properties"]["Handler"].rpartition(".")[0] for it in functions}


def imports_of(tree: ast.Module) -> Iterator[str]:
    """Each name in full, `from files import rows` as files.rows."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert not node.level, "relative imports have two spellings for one module"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def function_of(module: str) -> str | None:
    """The function that a module of ours belongs to; None for all others."""
    function = module.partition(".")[0]
    return function if (FUNCTIONS / function).is_dir() else None


def module_in(name: str) -> str:
    """products.service.ImportedProduct -> products.service."""
    return name if name in modules() else name.rpartition(".")[0]


def kind_of(module: str) -> str:
    name = module.rpartition(".")[2]
    if module in entry_points():
        return "consumer" if ".workers." in module else "handler"
    return name if name in MAY_IMPORT else "pure"


def noun_of(module: str) -> str:
    """auth.sessions.service -> auth.sessions; in a function of one noun, the function."""
    return module.rpartition(".")[0]


def may_use(importer: str, library: str) -> bool:
    """Only some of the code knows that there are tables, or HTTP."""
    if library.partition(".")[0] == "pynamodb":
        stores = importer.startswith("shared.storage.")
        return stores or kind_of(importer) in ("repository", "catalog")
    if library.startswith("aws_lambda_powertools.event_handler"):
        return importer in SPEAK_HTTP or kind_of(importer) in SPEAK_HTTP
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
    if kinds in ONLY_OF_THEIR_OWN_NOUN and noun_of(importer) != noun_of(imported):
        return False
    return kinds[1] in MAY_IMPORT[kinds[0]]


def names_in(tree: ast.Module) -> set[str]:
    """Those that a module defines."""
    targets = [it for node in tree.body if isinstance(node, ast.Assign) for it in node.targets]
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {target.id for target in targets if isinstance(target, ast.Name)}.union(functions)


def calls_in(tree: ast.Module) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def strings_in(path: Path) -> set[str]:
    constants = [it for it in ast.walk(ast.parse(path.read_text())) if isinstance(it, ast.Constant)]
    return {constant.value for constant in constants if isinstance(constant.value, str)}


@pytest.mark.parametrize("module", sorted(modules()))
def test_a_module_imports_only_what_it_may(module):
    imported = set(imports_of(modules()[module]))

    assert [name for name in sorted(imported) if not is_allowed(module, name)] == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("orders.service", "orders.handler.handler"),
        ("auth.sessions.service", "auth.handler.api"),
        ("auth.sessions.routes", "auth.handler.api"),
        ("auth.sessions.service", "auth.sessions.routes.routes"),
        ("auth.users.routes", "auth.sessions.routes.routes"),
        ("auth.sessions.schemas", "auth.sessions.routes.routes"),
        ("auth.sessions.routes", "auth.sessions.repository"),
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
        ("auth.users.service", "orders.service"),
        ("auth.privacy.repository", "orders.repository"),
        ("auth.privacy.schemas", "orders.schemas.OrderView"),
        ("orders.service", "auth.accounts.service"),
        ("authorizer.service", "auth.sessions.repository"),
        ("shared.http.authorization", "auth.accounts.service"),
        ("shared.http.authorization", "pynamodb.models.Model"),
        ("shared.security.api_keys", "pynamodb.models.Model"),
        ("shared.http.authorization", "aws_lambda_powertools.event_handler.Response"),
        ("notifications.emails", "notifications.workers.send_emails"),
        ("notifications.repository", "orders.guests.repository"),
        ("shared.http.api", "products.service"),
        ("shared.storage.outbox", "notifications.workers.relay_events"),
        ("orders.service", "products.service"),
        ("orders.pricing", "products.schemas.Sku"),
        ("files.workers.import_file", "products.repository"),
        ("files.workers.import_file", "products.service"),
        ("products.stock.routes", "products.stock.repository"),
        ("products.index.catalog_entries", "products.index.repository"),
        ("products.catalog", "products.repository"),
        ("products.service", "files.rows"),
        ("orders.handler", "orders.repository"),
        ("orders.handler", "orders.pricing"),
        ("orders.repository", "orders.service"),
        ("orders.pricing", "orders.repository"),
        ("orders.schemas", "orders.service"),
        ("orders.service", "pynamodb.exceptions.DoesNotExist"),
        ("shared.http.api", "pynamodb.models"),
        ("products.schemas", "aws_lambda_powertools.event_handler.openapi.params.Query"),
        ("notifications.workers.send_emails", "aws_lambda_powertools.event_handler"),
        ("shared.security.key_rings", "tests.support"),
    ],
)
def test_the_rule_refuses(importer, imported):
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
        ("orders.handler", "orders.service"),
        ("orders.service", "orders.pricing.Quote"),
        ("orders.repository", "pynamodb.exceptions.DoesNotExist"),
        ("products.catalog", "shared.storage.models.Product"),
        ("orders.handler", "aws_lambda_powertools.event_handler.Response"),
        (
            "notifications.workers.send_emails",
            "aws_lambda_powertools.utilities.batch.BatchProcessor",
        ),
    ],
)
def test_the_rule_lets_through(importer, imported):
    assert is_allowed(importer, imported)


def test_no_module_needs_itself_by_a_detour():
    needs = {
        module: {module_in(name) for name in imports_of(tree)} & modules().keys() - {module}
        for module, tree in modules().items()
    }

    order = list(TopologicalSorter(needs).static_order())  # raises CycleError

    assert (
        order.index("shared.errors") < order.index("shared.http.api") < order.index("auth.handler")
    )


def test_every_route_of_a_function_is_in_one_of_its_handlers():
    """Else it would be in no document, and answered with 404."""
    for module in modules():
        if kind_of(module) == "routes":
            including = [
                it
                for it in modules()
                if function_of(it) == function_of(module)
                and kind_of(it) == "handler"
                and f"{module}.routes" in set(imports_of(modules()[it]))
            ]
            assert len(including) == 1, module


def test_whatever_lambda_calls_is_there():
    assert "files.workers.import_file" in entry_points()
    for module in entry_points():
        assert "handler" in names_in(modules()[module]), module


@pytest.mark.parametrize("module", sorted(modules()))
def test_the_time_is_asked_of_one_clock_and_is_always_aware(module):
    asked = [
        ast.unparse(call)
        for call in calls_in(modules()[module])
        if isinstance(call.func, ast.Attribute) and call.func.attr in CLOCKS
    ]

    assert asked == (["datetime.now(UTC)"] if module == "shared.clock" else [])


@pytest.mark.parametrize("module", sorted(modules()))
def test_nothing_is_printed(module):
    called = {ast.unparse(call.func) for call in calls_in(modules()[module])}

    assert not called & {"print", "pprint.pprint", "sys.stdout.write"}


def test_no_name_at_the_top_hides_one_of_the_standard_library():
    at_the_top = {path.stem for path in (*FUNCTIONS.iterdir(), *ROOT.iterdir()) if path.is_dir()}

    assert at_the_top >= {"auth", "shared", "tests"}
    assert not at_the_top & sys.stdlib_module_names


def test_every_sample_event_is_the_input_of_a_test():
    samples = {path.stem for path in EVENTS.iterdir()}

    used = set().union(*(strings_in(path) for path in (ROOT / "tests").rglob("*.py")))

    assert samples - used == set()
