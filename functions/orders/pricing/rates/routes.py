from aws_lambda_powertools.event_handler import Response

from orders.pricing.rates import service as rates
from orders.pricing.rates.schemas import ShippingRates, ShippingRatesView, TaxRates, TaxRatesView
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.etags import ExpectedVersion
from shared.http.parameters import IfMatch, IfNoneMatch
from shared.http.responses import ok_response
from shared.security.permissions import Permission

routes = Routes()


@routes.get("/v1/tax-rates", tags=["Terms"])
@requires(Permission.WRITE_PRICING)
def get_tax_rates(if_none_match: IfNoneMatch = None) -> Response[TaxRatesView]:
    """What is taxed where. Nothing, as long as it was never set."""
    view = TaxRatesView.from_model(rates.sheet_of(TaxRates))
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.put("/v1/tax-rates", tags=["Terms"])
@requires(Permission.WRITE_PRICING)
def set_tax_rates(new: TaxRates, if_match: IfMatch) -> Response[TaxRatesView]:
    """Say all of it anew: what is left out is not taxed any more.

    It counts for orders and quotes from now on. Orders that are placed keep their tax.
    """
    kept = rates.replace(new, ExpectedVersion.parse(if_match), by=routes.caller.user_id)
    view = TaxRatesView.from_model(kept)
    return ok_response(view, version=view.version)


@routes.get("/v1/shipping-rates", tags=["Terms"])
@requires(Permission.WRITE_PRICING)
def get_shipping_rates(if_none_match: IfNoneMatch = None) -> Response[ShippingRatesView]:
    """What shipping costs where. Nothing anywhere, as long as there is no zone."""
    view = ShippingRatesView.from_model(rates.sheet_of(ShippingRates))
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.put("/v1/shipping-rates", tags=["Terms"])
@requires(Permission.WRITE_PRICING)
def set_shipping_rates(new: ShippingRates, if_match: IfMatch) -> Response[ShippingRatesView]:
    """Say all of it anew: what is left out is not shipped to any more.

    It counts for orders and quotes from now on. Orders that are placed keep what theirs costs.
    """
    kept = rates.replace(new, ExpectedVersion.parse(if_match), by=routes.caller.user_id)
    view = ShippingRatesView.from_model(kept)
    return ok_response(view, version=view.version)
