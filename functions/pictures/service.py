"""Pictures of products: each reference or file becomes ready, or fails with a reason.

Everything may happen twice. A picture that does not wait any more stays as it is, the files of a
picture follow from its content, and the result of a reference counts once.
"""

from collections.abc import Callable
from contextlib import suppress

from pictures import fetching, repository, stored_files
from pictures.derivatives import derive
from pictures.failures import BadPicture, TryLater
from pictures.repository import AlreadyCounted
from shared import clock, ids, observability
from shared.errors.catalog import PictureLimitReached, ProductNotFound
from shared.pictures import lists
from shared.pictures.files import incoming_key, named_key
from shared.pictures.lists import Failure, ReadyPicture, pictures_of
from shared.pictures.messages import ImportedPictures, PictureToFetch, ReceivedPicture
from shared.pictures.references import (
    Reference,
    find_named,
    order_as_named,
    set_named_alt,
    sort_references,
)
from shared.storage.models.catalog import Picture
from shared.storage.models.uploads import PictureProblem, Upload
from shared.storage.pictures import change_pictures, get_product

ATTEMPTS_MAX = 3  # deliveries of a message: servers get another chance, hostile files do not
_PROCESSING_FAILED = Failure(
    "picture_not_processed", "The shop failed to process the picture. Save it again, or report it."
)
REFERENCE_SHOWN_MAX = 200  # characters of a URL or file name in a report

Load = Callable[[], bytes]


def receive_picture(message: ReceivedPicture, attempt: int) -> None:
    key = incoming_key(message.product_id, message.picture_id)
    _finish(message, lambda: stored_files.read_file(key), attempt)


def fetch_picture(message: PictureToFetch, attempt: int) -> None:
    _finish(message, lambda: fetching.fetch(message.url), attempt)


def _finish(message: ReceivedPicture | PictureToFetch, load: Load, attempt: int) -> None:
    """Raises TryLater, and errors after which the queue repeats the message."""
    try:
        pictures = pictures_of(get_product(message.product_id))
        if not lists.is_waiting(pictures, message.picture_id):
            return
        result = _make(load, attempt)
        change_pictures(
            message.product_id,
            lambda current: lists.set_result(current, message.picture_id, result),
        )
    except ProductNotFound:
        return
    _log(message.product_id, message.picture_id, result)


def _make(load: Load, attempt: int) -> ReadyPicture | Failure:
    """Raises TryLater, and botocore's errors."""
    if attempt > ATTEMPTS_MAX:
        return _PROCESSING_FAILED
    try:
        derived = derive(load())
    except TryLater as reason:
        if attempt < ATTEMPTS_MAX:
            raise
        return reason.failure
    except BadPicture as reason:
        return reason.failure
    stored_files.write_files(derived.files)
    return derived.ready


def attach_pictures(
    message: ImportedPictures, attempt: int, require_time: Callable[[], None]
) -> None:
    """Add the pictures that an import names to their product, in the order of their positions.

    `require_time` ends a delivery that has little time left; the next one goes on. Raises TryLater
    after all other references are done.
    """
    upload = repository.find_upload(message.upload_id)
    if upload is None:
        return
    references = sort_references(message.references)
    later: TryLater | None = None
    for reference in references:
        require_time()
        try:
            _attach(message, reference, upload, attempt)
        except AlreadyCounted:
            pass
        except TryLater as reason:
            later = reason
    if later:
        raise later
    with suppress(ProductNotFound):
        change_pictures(message.product_id, lambda current: order_as_named(current, references))


def _attach(message: ImportedPictures, reference: Reference, upload: Upload, attempt: int) -> None:
    """Raises AlreadyCounted and TryLater."""
    picture_id = ids.derived_id("pic", message.upload_id, message.product_id, reference.url_or_name)
    if repository.is_counted(upload, picture_id):
        return
    product_id = message.product_id
    result: Picture | ReadyPicture | Failure
    try:
        current = pictures_of(get_product(product_id))
        known = find_named(current, reference)
        if known is None:
            lists.make_room(current, clock.utc_now())  # otherwise it is not even fetched
        result = known or _make(lambda: _load(reference, upload), attempt)
        if not isinstance(result, Failure):
            _add_to_product(product_id, picture_id, reference, result, upload)
    except (ProductNotFound, PictureLimitReached) as refusal:
        result = Failure(refusal.code, refusal.message)
    if isinstance(result, Failure):
        repository.record_failure(upload, picture_id, problem_of(message, reference, result))
    _log(product_id, picture_id, result)


def _add_to_product(
    product_id: str,
    picture_id: str,
    reference: Reference,
    result: ReadyPicture | Picture,
    upload: Upload,
) -> None:
    """Raises ProductNotFound, PictureLimitReached and AlreadyCounted."""
    change_pictures(
        product_id,
        lambda current: _add(current, picture_id, reference, result),
        stage_more=lambda sent: repository.stage_ready(sent, upload, picture_id),
    )


def _load(reference: Reference, upload: Upload) -> bytes:
    """The file at the URL, or the one that the importer has sent under this name."""
    if "://" in reference.url_or_name:
        return fetching.fetch(reference.url_or_name)
    return stored_files.read_file(named_key(upload.owner_id, reference.url_or_name))


def _add(
    current: list[Picture], picture_id: str, reference: Reference, result: ReadyPicture | Picture
) -> list[Picture]:
    """The list with the picture; one that the product has already only gets the text."""
    known = find_named(current, reference)
    if known:
        return set_named_alt(current, known, reference)
    if isinstance(result, Picture):  # staff removed it at this moment
        return current
    now = clock.utc_now()
    waiting = lists.new_picture(picture_id, reference.alt, reference.source, now)
    return lists.set_result(lists.add_picture(current, waiting, now), picture_id, result)


def problem_of(message: ImportedPictures, reference: Reference, failure: Failure) -> PictureProblem:
    return PictureProblem(
        product_id=message.product_id,
        reference=reference.url_or_name[:REFERENCE_SHOWN_MAX],
        code=failure.code,
        message=failure.message[: lists.MESSAGE_MAX],
    )


def _log(product_id: str, picture_id: str, result: ReadyPicture | Picture | Failure) -> None:
    outcome = result.code if isinstance(result, Failure) else "ready"
    observability.logger.info(
        "picture processed", product_id=product_id, picture_id=picture_id, outcome=outcome
    )
