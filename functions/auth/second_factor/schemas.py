from pydantic import Field

from auth.accounts.schemas import CURRENT_PASSWORD, Code, Password
from shared.http.schemas import RequestBody, View


class SecondFactorStart(RequestBody):
    password: Password = Field(description=CURRENT_PASSWORD)


class SecondFactorConfirmation(RequestBody):
    code: Code = Field(description="The code that the authenticator app shows now.")


class SecondFactorProof(RequestBody):
    password: Password = Field(description=CURRENT_PASSWORD)
    code: Code


class EnrolmentView(View):
    secret: str = Field(description="The secret in base32, to type into an authenticator app.")
    uri: str = Field(description="The same secret as an `otpauth:` URI, to show as a QR code.")


class RecoveryCodesView(View):
    recovery_codes: list[str] = Field(
        description="Each code works once, instead of a code from the app. Store them: the shop "
        "does not show them again."
    )
