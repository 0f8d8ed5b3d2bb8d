"""The routes that a handler imports when a request needs them, in the order of the requests."""

import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from shared import snapstart
from shared.http.api import create_api
from shared.http.routers import Routers
from tests.support.http import Answer, sample

ROOT = Path(__file__).parents[2]

FIRST = """
from shared.http.api import Routes
from shared.http.authorization import anyone
from shared.http.schemas import View

class Named(View):
    name: str

routes = Routes()
"""
ROUTE = """
@routes.{method}("{path}")
@anyone
def {name}({arguments}) -> Named:
    return Named(name="{name}")
"""


@pytest.fixture
def write_module(tmp_path, monkeypatch):
    """Writes a module of routes: of each its method, path and name."""
    monkeypatch.syspath_prepend(tmp_path)
    # Other tests prepare every API of this process, and the modules of these are gone by then.
    monkeypatch.setattr(snapstart, "_before", [])

    def write(module: str, *routes: tuple[str, str, str]) -> None:
        text = FIRST
        for method, path, name in routes:
            arguments = ", ".join(f"{part}: str" for part in re.findall(r"<(\w+)>", path))
            text += ROUTE.format(method=method, path=path, name=name, arguments=arguments)
        monkeypatch.delitem(sys.modules, module, raising=False)
        (tmp_path / f"{module}.py").write_text(text)

    return write


@pytest.fixture
def api(write_module):
    write_module("eager_routes", ("get", "/v1/things/<part>", "get_thing"))
    write_module("search_routes", ("get", "/v1/things/search", "search"))
    write_module("other_routes", ("get", "/v1/others", "list"), ("put", "/v1/things/<part>", "put"))
    routers = Routers(
        {"/v1/things/search": "search_routes", "/v1/others": "other_routes"},
        at_once=["eager_routes"],
    )
    yield create_api(routers=routers)
    for module in ("eager_routes", "search_routes", "other_routes"):
        sys.modules.pop(module, None)


def call(api, route: str) -> Answer:
    method, path = route.split(" ")
    event = sample("reference.health") | {"routeKey": route, "rawPath": path}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    answer = api.resolve(event, None)
    return Answer(answer["statusCode"], answer["headers"], json.loads(answer["body"] or "null"))


def loaded() -> set[str]:
    return sys.modules.keys() & {"eager_routes", "search_routes", "other_routes"}


@pytest.mark.usefixtures("api")
def test_the_handler_imports_the_usual_routes_only():
    assert loaded() == {"eager_routes"}


def test_a_request_imports_the_module_of_its_path(api):
    answer = call(api, "GET /v1/others")

    assert answer.body == {"name": "list"}
    assert loaded() == {"eager_routes", "other_routes"}


def test_a_request_imports_nothing_for_an_imported_path(api):
    assert call(api, "GET /v1/things/one").body == {"name": "get_thing"}
    assert loaded() == {"eager_routes"}


@pytest.mark.parametrize("first", ["GET /v1/things/one", "GET /v1/things/search"])
def test_the_longest_prefix_answers_whatever_came_first(api, first):
    call(api, first)

    assert call(api, "GET /v1/things/search").body == {"name": "search"}
    assert call(api, "GET /v1/things/one").body == {"name": "get_thing"}


def test_an_id_is_never_a_literal_path(write_module):
    write_module("eager_routes", ("put", "/v1/things/<thing_id>", "put"))
    write_module("search_routes", ("get", "/v1/things/search", "search"))
    api = create_api(
        routers=Routers({"/v1/things/search": "search_routes"}, at_once=["eager_routes"])
    )

    refused = call(api, "PUT /v1/things/search")

    assert (refused.status, refused.code) == (405, "method_not_allowed")
    assert refused.headers["Allow"] == "GET, HEAD"
    assert call(api, "PUT /v1/things/one").body == {"name": "put"}


def test_a_route_outside_its_prefix_is_found(api):
    assert call(api, "PUT /v1/things/search").body == {"name": "put"}
    assert loaded() == {"eager_routes", "search_routes", "other_routes"}


@pytest.mark.parametrize(
    "route",
    [
        "GET /v1/unknown",
        "GET /v1/othersandmore",
        "GET /v1/others/",
        "GET /v1/%6fthers",
        "GET /v1//others",
        "GET /",
        "DELETE /v1/others",
        "OPTIONS /v1/others",
        "HEAD /v1/unknown",
    ],
)
def test_a_path_without_a_route_gets_404_each_time(api, route):
    for _ in range(2):
        answer = call(api, route)

        assert answer.status == 404
        assert answer.body is None if route.startswith("HEAD") else answer.code == "not_found"


def test_head_finds_the_route_of_get(api):
    answer = call(api, "HEAD /v1/others")

    assert (answer.status, answer.body) == (200, None)
    assert loaded() == {"eager_routes", "other_routes"}


def test_load_all_imports_every_module_once(api):
    api.load_all()
    api.load_all()

    assert loaded() == {"eager_routes", "search_routes", "other_routes"}
    assert call(api, "GET /v1/others").body == {"name": "list"}


class TestBrokenModule:
    @pytest.fixture
    def broken(self, tmp_path, api):  # noqa: ARG002 (it writes the module first)
        path = tmp_path / "other_routes.py"
        text = path.read_text()
        path.write_text("raise RuntimeError('broken')")
        return lambda: path.write_text(text + "\n# mended\n")

    @pytest.mark.usefixtures("broken")
    @pytest.mark.parametrize("route", ["GET /v1/others", "GET /v1/unknown"])
    def test_its_request_gets_the_error_envelope(self, api, route):
        answer = call(api, route)

        assert (answer.status, answer.code) == (500, "internal_error")

    @pytest.mark.usefixtures("broken")
    def test_other_routes_still_answer(self, api):
        call(api, "GET /v1/others")

        assert call(api, "GET /v1/things/one").status == 200

    def test_the_next_request_tries_again(self, api, broken):
        call(api, "GET /v1/others")

        broken()

        assert call(api, "GET /v1/others").body == {"name": "list"}


@pytest.mark.parametrize(
    "handler", ["auth.handler", "orders.handler", "orders.staff_api", "products.handler"]
)
def test_the_prefixes_name_the_module_of_each_route(handler):
    """Otherwise the first request of the route would import all the modules."""
    entry = import_module(handler)
    entry.api.load_all()
    misplaced = {
        f"{route.method} {route.path}"
        for route in entry.api._static_routes + entry.api._dynamic_routes  # noqa: SLF001
        if route.func.__module__ not in entry.ROUTERS.at_once
        and route.func.__module__ != entry.ROUTERS.module_of(route.path)
    }

    assert misplaced == ({"DELETE /v1/me"} if handler == "auth.handler" else set())


CODE = """
import json, sys
from {handler} import ROUTERS, api
path = {path!r}
if path:
    name = ROUTERS.module_of(path)
    if name in api._waiting:
        api._load([name])
print(json.dumps(sorted(sys.modules)))
"""


def modules_after(handler: str, path: str = "") -> set[str]:
    """What a new process has imported to serve the path."""
    command = [sys.executable, "-c", CODE.format(handler=handler, path=path)]
    env = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'functions'}"}
    ran = subprocess.run(command, env=env, check=True, capture_output=True)  # noqa: S603
    return set(json.loads(ran.stdout))


@pytest.mark.parametrize(
    ("handler", "path", "needed", "unneeded"),
    [
        ("auth.handler", "", "auth.sessions.service", "auth.users.service"),
        ("auth.handler", "", "auth.sessions.service", "auth.privacy.schemas"),
        ("auth.handler", "/v1/auth/register", "auth.accounts.routes", "auth.api_keys.schemas"),
        ("auth.handler", "/v1/me", "auth.accounts.routes", "auth.privacy.schemas"),
        ("auth.handler", "/v1/me", "auth.accounts.routes", "shared.events.orders"),
        ("auth.handler", "/v1/users", "auth.users.routes", "auth.privacy.routes"),
        ("orders.handler", "", "orders.checkout.service", "orders.guests.service"),
        ("orders.handler", "", "orders.checkout.service", "shared.events.accounts"),
        ("orders.staff_api", "", "orders.fulfilment.service", "orders.pricing.rates.schemas"),
        ("orders.staff_api", "/v1/exports", "orders.exports.routes", "orders.pricing.rates.routes"),
        ("products.handler", "", "products.service", "products.search.repository"),
        ("products.handler", "", "products.service", "shared.events.orders"),
    ],
)
def test_a_new_process_imports_what_the_path_needs(handler, path, needed, unneeded):
    imported = modules_after(handler, path)

    assert needed in imported
    assert unneeded not in imported
    assert "shared.events.all_events" not in imported
