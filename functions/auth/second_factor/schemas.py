from pydantic import Field

from auth.accounts.schemas import Code, Password
from shared.http.schemas import RequestBody, View


class SecondFactorStart(RequestBody):
    password: Password


class SecondFactorConfirmation(RequestBody):
    code: Code


class SecondFactorProof(RequestBody):
    password: Password
    code: Code


class EnrolmentView(View):
    secret: str = Field(description="For an authenticator app, in base32, to type in.")
    uri: str = Field(description="The same as an otpauth: URI, to show as a QR code.")


class RecoveryCodesView(View):
    recovery_codes: list[str] = Field(description="Each is good once. Not shown again.")
