from typing import Any

from aws_lambda_powertools.event_handler import Response

from auth.second_factor import service as second_factor
from auth.second_factor.schemas import (
    EnrolmentView,
    RecoveryCodesView,
    SecondFactorConfirmation,
    SecondFactorProof,
    SecondFactorStart,
)
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.responses import created_response, no_content_response
from shared.security.permissions import Permission

routes = Routes()


@routes.post("/v1/me/second-factor", status_code=201, tags=["Second factor"])
@requires(Permission.OWN_ACCOUNT)
def start_second_factor(request: SecondFactorStart) -> Response[EnrolmentView]:
    """Get a secret for an authenticator app (TOTP). Nothing changes until a code confirms it."""
    begun = second_factor.start(routes.caller, request.password, routes.client)
    return created_response(EnrolmentView(secret=begun.secret, uri=begun.uri))


@routes.post("/v1/me/second-factor/confirm", tags=["Second factor"])
@requires(Permission.OWN_ACCOUNT)
def confirm_second_factor(request: SecondFactorConfirmation) -> RecoveryCodesView:
    """Turn it on with a code of the app. The answer has your recovery codes; other sessions end."""
    codes = second_factor.confirm(routes.caller, request.code, routes.client)
    return RecoveryCodesView(recovery_codes=codes)


@routes.post("/v1/me/second-factor/recovery-codes", tags=["Second factor"])
@requires(Permission.OWN_ACCOUNT)
def renew_recovery_codes(proof: SecondFactorProof) -> RecoveryCodesView:
    """Get new recovery codes. Those of before are void."""
    codes = second_factor.renew_recovery_codes(routes.caller, proof, routes.client)
    return RecoveryCodesView(recovery_codes=codes)


@routes.delete("/v1/me/second-factor", status_code=204, tags=["Second factor"])
@requires(Permission.OWN_ACCOUNT)
def remove_second_factor(proof: SecondFactorProof) -> Response[Any]:
    """Turn your second factor off: the password alone logs you in again."""
    second_factor.remove(routes.caller, proof, routes.client)
    return no_content_response()
