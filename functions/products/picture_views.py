"""The pictures of a product as shoppers see them: those that are ready, in their order."""

from functools import cache
from typing import Self

from pydantic import Field

from shared.config import PictureUrlSettings, settings
from shared.http.schemas import View
from shared.pictures.lists import READY, pictures_of
from shared.pictures.sizes import Size, list_sizes
from shared.storage.models.catalog import Picture, Product


class PictureSizeView(View):
    width: int
    height: int
    url: str = Field(description="The file in the format of the original.")
    webp_url: str = Field(description="The file as WebP, which is smaller.")

    @classmethod
    def from_size(cls, size: Size) -> Self:
        base = _base_url()
        return cls(
            width=size.width,
            height=size.height,
            url=f"{base}/{size.key}",
            webp_url=f"{base}/{size.webp_key}",
        )


@cache
def _base_url() -> str:
    return settings(PictureUrlSettings).pictures_url


class PictureView(View):
    """A picture of a product. Its files never change: caches may keep them forever."""

    id: str
    alt: str | None = Field(description="The text for people who do not see the picture.")
    width: int = Field(description="Pixels of the picture as it was sent, turned upright.")
    height: int
    sizes: list[PictureSizeView] = Field(
        description="From the smallest to the largest. None is larger than the picture itself."
    )

    @classmethod
    def from_model(cls, picture: Picture) -> Self:
        return cls(
            id=picture.picture_id,
            alt=picture.alt,
            width=int(picture.width),
            height=int(picture.height),
            sizes=sizes_of(picture),
        )


def sizes_of(picture: Picture) -> list[PictureSizeView]:
    """None until the picture is ready."""
    if picture.status != READY:
        return []
    shape = (int(picture.width), int(picture.height))
    sides = [int(side) for side in picture.sizes or ()]  # type: ignore[call-overload]
    sizes = list_sizes(str(picture.digest), str(picture.extension), shape, sides)
    return [PictureSizeView.from_size(size) for size in sizes]


def ready_pictures(product: Product) -> list[PictureView]:
    return [
        PictureView.from_model(picture)
        for picture in pictures_of(product)
        if picture.status == READY
    ]
