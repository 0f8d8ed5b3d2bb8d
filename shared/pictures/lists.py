"""The list of pictures that a product has. Pure: each function returns the list that replaces it.

A picture waits for its file, and then it is ready or failed. One that has waited for too long shows
as failed without a write: nothing else would end it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.errors.catalog import PictureLimitReached, PictureNotFound
from shared.records import Record
from shared.storage.models.catalog import Picture, Product

PICTURES_MAX = 20  # of a product, whatever their status
ALT_MAX = 500  # characters
MESSAGE_MAX = 200  # characters of the reason why a picture failed
WAITING, READY, FAILED = "waiting", "ready", "failed"
# A form is valid for five minutes. A queue redelivers a message for less than two hours.
OVERDUE_AFTER = timedelta(hours=3)
_OVERDUE_CODE = "picture_not_received"
_OVERDUE = "No file arrived, or it could not be processed in time. Add the picture again."

Pictures = Sequence[Picture]


class ReadyPicture(Record):
    """What follows from the file of a picture."""

    digest: str
    extension: str
    width: int
    height: int
    sizes: tuple[int, ...]  # the longer side of each


class Failure(Record):
    """Why a picture has no file: a code for programs, and a message for people."""

    code: str
    message: str


def pictures_of(product: Product) -> list[Picture]:
    return list(product.pictures or ())


def find_picture(pictures: Pictures, picture_id: str) -> Picture | None:
    return next((each for each in pictures if each.picture_id == picture_id), None)


def new_picture(picture_id: str, alt: str | None, source: str | None, now: datetime) -> Picture:
    """One that waits for its file."""
    return Picture(picture_id=picture_id, status=WAITING, alt=alt, source=source, created_at=now)


def is_waiting(pictures: Pictures, picture_id: str) -> bool:
    found = find_picture(pictures, picture_id)
    return found is not None and found.status == WAITING


def failure_of(picture: Picture, now: datetime) -> Failure | None:
    """Why the picture failed; None if it is ready or still waits."""
    if picture.status == FAILED:
        return Failure(str(picture.code), str(picture.message))
    if picture.status == WAITING and now - picture.created_at >= OVERDUE_AFTER:
        return Failure(_OVERDUE_CODE, _OVERDUE)
    return None


def add_picture(pictures: Pictures, added: Picture, now: datetime) -> list[Picture]:
    """The list with this picture at its end. Raises PictureLimitReached."""
    return [*make_room(pictures, now), added]


def make_room(pictures: Pictures, now: datetime) -> list[Picture]:
    """The list, without its oldest failed picture if it is full. Raises PictureLimitReached."""
    kept = list(pictures)
    if len(kept) >= PICTURES_MAX:
        failed = [each for each in kept if failure_of(each, now)]
        if not failed:
            raise PictureLimitReached(pictures_max=PICTURES_MAX)
        kept.remove(min(failed, key=lambda each: each.created_at))
    return kept


def remove_picture(pictures: Pictures, picture_id: str) -> list[Picture]:
    """Raises PictureNotFound."""
    if find_picture(pictures, picture_id) is None:
        raise PictureNotFound
    return [each for each in pictures if each.picture_id != picture_id]


def put_first(pictures: Pictures, picture_ids: Sequence[str]) -> list[Picture]:
    """The list in this order. Those that are not named follow in the order that they had.

    Raises PictureNotFound.
    """
    by_id = {each.picture_id: each for each in pictures}
    if not by_id.keys() >= set(picture_ids):
        raise PictureNotFound
    named = [by_id[picture_id] for picture_id in picture_ids]
    return [*named, *(each for each in pictures if each.picture_id not in set(picture_ids))]


def set_alt(pictures: Pictures, picture_id: str, alt: str | None) -> list[Picture]:
    """Another text for one picture; None removes it."""
    return [_with_alt(each, alt) if each.picture_id == picture_id else each for each in pictures]


def set_result(
    pictures: Pictures, picture_id: str, result: ReadyPicture | Failure
) -> list[Picture]:
    """The list after a waiting picture has got its file, or has failed.

    Unchanged if it does not wait any more: staff removed it, or this is a repeat.
    """
    return [
        _finish(each, result) if each.picture_id == picture_id and each.status == WAITING else each
        for each in pictures
    ]


def _with_alt(picture: Picture, alt: str | None) -> Picture:
    changed = Picture(**{**picture.attribute_values, "alt": alt})
    changed.keep_unknown_of(picture)
    return changed


def _finish(waiting: Picture, result: ReadyPicture | Failure) -> Picture:
    finished = Picture(
        picture_id=waiting.picture_id,
        alt=waiting.alt,
        source=waiting.source,
        created_at=waiting.created_at,
    )
    finished.keep_unknown_of(waiting)
    if isinstance(result, Failure):
        finished.status = FAILED
        finished.code, finished.message = result.code, result.message[:MESSAGE_MAX]
        return finished
    finished.status = READY
    finished.digest, finished.extension = result.digest, result.extension
    finished.width, finished.height = result.width, result.height
    finished.sizes = list(result.sizes)  # type: ignore[arg-type]  # pynamodb types the items
    return finished
