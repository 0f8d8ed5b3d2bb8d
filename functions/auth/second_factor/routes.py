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
    """Get a secret that adds your account to an authenticator app (TOTP).

    Logins do not change until you confirm the secret with a code. If you repeat the request, you
    get a new secret, and the old one no longer works.
    """
    enrolment = second_factor.start_second_factor(routes.caller, request.password, routes.client)
    return created_response(EnrolmentView(secret=enrolment.secret, uri=enrolment.uri))


@routes.post("/v1/me/second-factor/confirm", tags=["Second factor"])
@requires(Permission.OWN_ACCOUNT)
def confirm_second_factor(request: SecondFactorConfirmation) -> RecoveryCodesView:
    """Enable the second factor with a code from the app, and get recovery codes.

    From then on, every login needs a code. All your other sessions end.
    """
    codes = second_factor.confirm_second_factor(routes.caller, request.code, routes.client)
    return RecoveryCodesView(recovery_codes=codes)


@routes.post("/v1/me/second-factor/recovery-codes", tags=["Second factor"])
@requires(Permission.OWN_ACCOUNT)
def replace_recovery_codes(proof: SecondFactorProof) -> RecoveryCodesView:
    """Get ten new recovery codes, which replace the old ones.

    The old recovery codes stop working at once.
    """
    codes = second_factor.replace_recovery_codes(routes.caller, proof, routes.client)
    return RecoveryCodesView(recovery_codes=codes)


@routes.delete("/v1/me/second-factor", status_code=204, tags=["Second factor"])
@requires(Permission.OWN_ACCOUNT)
def disable_second_factor(proof: SecondFactorProof) -> Response[Any]:
    """Disable your second factor, so that you log in with the password alone.

    The shop mails you that the second factor is disabled.
    """
    second_factor.disable_second_factor(routes.caller, proof, routes.client)
    return no_content_response()
