from aws_lambda_powertools.event_handler import Response

from reference.countries.schemas import CountryDetail, CountryView
from shared.addresses import country_rules
from shared.errors.requests import CountryNotFound
from shared.http.api import Routes
from shared.http.authorization import anyone
from shared.http.parameters import IfNoneMatch
from shared.http.responses import ok_response
from shared.http.schemas import AnyView, Page

routes = Routes()

CACHE_SECONDS = 86_400  # a release changes the rules, and a day later is soon enough


@routes.get("/v1/countries", tags=["Reference"])
@anyone
def list_countries(if_none_match: IfNoneMatch = None) -> Response[Page[CountryView]]:
    """List all countries that an address can have, by code.

    There is one page. `GET /v1/countries/{code}` says what an address there needs.
    """
    items = [CountryView(code=code, name=name) for code, name in country_rules.list_countries()]
    page = Page[CountryView](items=items, next_cursor=None)
    return _cached_response(page, if_none_match)


@routes.get("/v1/countries/<code>", tags=["Reference"])
@anyone
def get_country(code: str, if_none_match: IfNoneMatch = None) -> Response[CountryDetail]:
    """Get what a checkout asks for in an address of the country.

    It has the fields in their order, with the names that the country has for them, the regions to
    offer, and the form of postal codes. An address that breaks these rules is refused.
    """
    try:
        rules = country_rules.get_rules(code.upper())
    except KeyError:
        raise CountryNotFound from None
    view = CountryDetail.from_rules(rules)
    return _cached_response(view, if_none_match)


def _cached_response(view: AnyView, if_none_match: str | None) -> Response[AnyView]:
    return ok_response(
        view,
        if_none_match=if_none_match,
        cache_control=f"public, max-age={CACHE_SECONDS}",
        vary="Origin",  # API Gateway's CORS headers depend on it
    )
