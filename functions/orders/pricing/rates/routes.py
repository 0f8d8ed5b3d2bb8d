from aws_lambda_powertools.event_handler import Response

from orders.pricing.rates import service as rates
from orders.pricing.rates.schemas import ShippingRatesRequest, TaxRatesRequest
from orders.pricing.rates.views import ShippingRatesView, TaxRatesView
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.etags import ExpectedVersion
from shared.http.parameters import IfMatch, IfNoneMatch
from shared.http.responses import ok_response
from shared.security.permissions import Permission

routes = Routes()


@routes.get("/v1/tax-rates", tags=["Pricing"])
@requires(Permission.WRITE_PRICING)
def get_tax_rates(if_none_match: IfNoneMatch = None) -> Response[TaxRatesView]:
    """Get the tax rates of all destinations, and who last changed them.

    Until you set them for the first time, there are no rates and the shop charges no tax.
    """
    view = TaxRatesView.from_model(rates.get_rates(TaxRatesRequest))
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.put("/v1/tax-rates", tags=["Pricing"])
@requires(Permission.WRITE_PRICING)
def replace_tax_rates(request: TaxRatesRequest, if_match: IfMatch) -> Response[TaxRatesView]:
    """Set the tax rates of all destinations, which replace all earlier rates.

    The shop does not sell to a country that you omit (422 `no_tax_rate`), unless there is a
    destination for all others, `*`. For a region or a postal code that you omit, the rates of its
    country apply. If you name regions of a country, its addresses need one (422
    `unknown_region`). The new rates apply to new quotes and orders. Placed orders keep their tax.
    """
    table = rates.replace_rates(request, ExpectedVersion.parse(if_match), by=routes.caller.user_id)
    view = TaxRatesView.from_model(table)
    return ok_response(view, version=view.version)


@routes.get("/v1/shipping-rates", tags=["Pricing"])
@requires(Permission.WRITE_PRICING)
def get_shipping_rates(if_none_match: IfNoneMatch = None) -> Response[ShippingRatesView]:
    """Get the shipping rates of all zones, and who last changed them.

    Until you set them for the first time, there are no rates and shipping is free everywhere.
    """
    view = ShippingRatesView.from_model(rates.get_rates(ShippingRatesRequest))
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.put("/v1/shipping-rates", tags=["Pricing"])
@requires(Permission.WRITE_PRICING)
def replace_shipping_rates(
    request: ShippingRatesRequest, if_match: IfMatch
) -> Response[ShippingRatesView]:
    """Set the shipping rates of all zones, which replace all earlier rates.

    The shop ships only to countries that a zone covers. Without any zone it ships everywhere for
    free. The new rates apply to new quotes and orders. Placed orders keep their shipping price.
    """
    table = rates.replace_rates(request, ExpectedVersion.parse(if_match), by=routes.caller.user_id)
    view = ShippingRatesView.from_model(table)
    return ok_response(view, version=view.version)
