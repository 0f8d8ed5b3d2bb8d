"""Pictures as staff send and see them."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from products.picture_views import PictureSizeView, sizes_of
from shared import clock
from shared.characters import describe_pattern
from shared.http.schemas import NO_DEFAULT, RequestBody, View, shown_as
from shared.http.text_fields import Text
from shared.http.upload_forms import FormView
from shared.pictures.lists import (
    ALT_MAX,
    FAILED,
    PICTURES_MAX,
    READY,
    failure_of,
    pictures_of,
)
from shared.pictures.urls import URL_LENGTH_MAX, UrlNotAllowed, parse_url
from shared.storage.models.catalog import Picture, Product

PictureStatus = Literal["waiting", "ready", "failed"]
Alt = Annotated[
    str,
    Text(ALT_MAX),
    Field(description="What the picture shows, for people who do not see it."),
]


def _check_url(url: str) -> str:
    try:
        parse_url(url)
    except UrlNotAllowed as reason:
        raise PydanticCustomError("url_not_allowed", str(reason).replace("{", "{{")) from reason
    return url


PictureUrl = Annotated[
    str,
    Field(
        max_length=URL_LENGTH_MAX,
        pattern=describe_pattern(
            r"^https?://[^\s]+$", "Must be a URL that begins with https:// or http://"
        ),
        description="Where the shop fetches the picture, within ten seconds and without a login.",
        examples=["https://supplier.example/tea-green.jpg"],
    ),
    AfterValidator(_check_url),
]
PictureId = Annotated[
    str,
    Field(
        pattern=describe_pattern(
            r"^pic_[a-z0-9_]{1,60}$", "Must be the id of a picture as the shop returned it"
        ),
    ),
]


class NewPicture(RequestBody):
    """A picture to fetch from `url`. Without one, you get a form to send the file with."""

    url: PictureUrl | None = None
    alt: Alt | None = None


class PictureEdit(RequestBody):
    id: PictureId
    alt: Alt | None = Field(
        default=None,
        description="Omit it to keep the text. Null removes it.",
        json_schema_extra=NO_DEFAULT,
    )


class PicturesPatch(RequestBody):
    """The pictures in their new order. Those that you omit follow, in the order that they have."""

    pictures: list[PictureEdit] = Field(
        max_length=PICTURES_MAX, json_schema_extra={"uniqueItems": True}
    )

    @field_validator("pictures")
    @classmethod
    def _require_each_once(cls, pictures: list[PictureEdit]) -> list[PictureEdit]:
        if len({each.id for each in pictures}) < len(pictures):
            raise PydanticCustomError("named_twice", "Must name each picture once")
        return pictures


class NamedPicture(RequestBody):
    """A file that imports can refer to by its name."""

    filename: Annotated[str, Text(255)] = Field(
        description="The name as your import files have it. Folders, and upper and lower case, do "
        "not count.",
        examples=["tea-green.jpg"],
    )


class NamedPictureView(View):
    filename: str
    form: FormView = Field(description="How to send the file.")


class PictureFailureView(View):
    code: str = Field(description="Names the reason for programs.")
    message: str = Field(description="Describes the reason for people.")


class StaffPictureView(View):
    id: str
    status: Annotated[str, shown_as(PictureStatus)] = Field(
        description="`waiting`: its file has not arrived, or is being processed. `ready`: the "
        "product shows it. `failed`: `error` says why. It becomes one of these two."
    )
    alt: str | None
    width: int | None = Field(description="Pixels of the upright picture. Null until it is ready.")
    height: int | None
    sizes: list[PictureSizeView] = Field(description="Empty until it is ready.")
    error: PictureFailureView | None = Field(description="Null unless it failed.")
    created_at: datetime
    form: FormView | None = Field(
        default=None,
        description="How to send the file. Only the answer that creates the picture has it.",
    )

    @classmethod
    def from_model(cls, picture: Picture, form: FormView | None = None) -> Self:
        failure = failure_of(picture, clock.utc_now())
        return cls(
            id=picture.picture_id,
            status=FAILED if failure else picture.status,
            alt=picture.alt,
            width=int(picture.width) if picture.status == READY else None,
            height=int(picture.height) if picture.status == READY else None,
            sizes=sizes_of(picture),
            error=failure and PictureFailureView(code=failure.code, message=failure.message),
            created_at=picture.created_at,
            form=form,
        )


class PicturesView(View):
    items: list[StaffPictureView] = Field(description="In the order in which shoppers see them.")
    version: int = Field(
        description="Grows with each change of the pictures, also when one becomes ready. Send the "
        "ETag in `If-Match`."
    )

    @classmethod
    def from_product(cls, product: Product) -> Self:
        return cls(
            items=[StaffPictureView.from_model(picture) for picture in pictures_of(product)],
            version=int(product.pictures_version or 0),
        )
