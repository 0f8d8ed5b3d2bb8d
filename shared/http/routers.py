"""The routes of an API by module, so that a request imports only what it needs.

A handler names its modules of routes with the prefixes of their paths:

    Routers({"/v1/users": "auth.users.routes", ...}, at_once=["auth.sessions.routes"])

Modules in `at_once` are imported with the handler. They are for the requests that most instances
get first: Lambda gives a function more CPU while it starts than it has afterwards. Any other module
is imported by the first request of its paths, which takes that much longer, on a warm instance too.

The prefixes save time and decide nothing. For a path that has no route so far, the resolver imports
the rest, so the same routes answer as if all had been imported at once. Only where the routes of
two modules match one path, as `/v1/products/search` and `/v1/products/<product_id>`, the prefix of
the module that must answer has to be the longest.
"""

import gc
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from shared import freeze_gc
from shared.records import Record


class Routers(Record):
    # By prefix, of whole segments; the longest prefix of a path counts. The last segment but one
    # may be `*`, for any id: `/v1/staff/orders/*/shipments`.
    modules: Mapping[str, str]
    at_once: Sequence[str] = ()

    def module_of(self, path: str) -> str | None:
        while path:
            parent, _, last = path.rpartition("/")
            with_any_id = f"{parent.rpartition('/')[0]}/*/{last}"
            if module := self.modules.get(path) or self.modules.get(with_any_id):
                return module
            path = parent
        return None


class OnDemandResolver(APIGatewayHttpResolver):
    """Powertools' resolver, which imports modules of routes when a request needs them."""

    def name_routers(self, routers: Routers) -> None:
        self._routers = routers
        self._waiting = list(dict.fromkeys((*routers.at_once, *routers.modules.values())))
        self._load(routers.at_once)

    def load_all(self) -> None:
        """Import what is not imported yet: for the API's document, or before a snapshot."""
        self._load(list(self._waiting))

    def methods_of_literal(self, path: str) -> list[str]:
        """The methods of a route without parameters that this very path has, if one is imported."""
        methods = {route.method for route in self._static_routes if route.path == path}
        return sorted(methods | {"HEAD"} if "GET" in methods else methods)

    def _load(self, modules: Iterable[str]) -> None:
        """A module that fails stays in the list: the next request tries it again."""
        for module in modules:
            self.include_router(import_module(module).routes)
            self._waiting.remove(module)

    def _resolve(self) -> Any:
        module = self._routers.module_of(self.current_event.path)
        if module not in self._waiting:
            return super()._resolve()
        return self._load_and_resolve([module])

    def _handle_not_found(self, method: str, path: str) -> Any:
        if not self._waiting:
            return super()._handle_not_found(method, path)
        return self._load_and_resolve(list(self._waiting))

    def _load_and_resolve(self, modules: Iterable[str]) -> Any:
        gc.disable()  # as while the handler starts
        try:
            self._load(modules)
        except Exception as crash:  # noqa: BLE001 (it gets the answer of a route that crashes)
            return self._call_exception_handler(crash, None)  # type: ignore[arg-type]
        finally:
            freeze_gc()
        return super()._resolve()
