"""Pictures of a product, as staff add, order and delete them."""

from botocore.exceptions import BotoCoreError, ClientError

from products import browse_cache
from products.pictures.schemas import NamedPicture, NewPicture, PicturesPatch
from shared import clock, ids
from shared.config import PictureSettings, settings
from shared.errors.base import Unavailable
from shared.http.etags import ExpectedVersion
from shared.http.upload_forms import FormView, presign_form
from shared.pictures import lists, messages
from shared.pictures.files import BYTES_MAX, incoming_key, named_key
from shared.pictures.messages import PictureToFetch
from shared.pictures.references import source_of
from shared.records import Record
from shared.security.permissions import Principal
from shared.storage.models.catalog import Picture, Product
from shared.storage.pictures import change_pictures, get_product


class CreatedPicture(Record):
    picture: Picture
    form: FormView | None  # None if the shop fetches the file


def list_pictures(product_id: str) -> Product:
    """The product with its pictures. Raises ProductNotFound."""
    return get_product(product_id)


def create_picture(product_id: str, new: NewPicture) -> CreatedPicture:
    """A picture that waits for its file. Raises ProductNotFound, PictureLimitReached, Unavailable.

    If its message is not sent, the caller gets an error, and the picture fails when it is overdue.
    """
    now = clock.utc_now()
    source = source_of(new.url) if new.url else None
    picture = lists.new_picture(ids.new_id("pic"), new.alt, source, now)
    change_pictures(product_id, lambda current: lists.add_picture(current, picture, now))
    if new.url is None:
        return CreatedPicture(picture, _presign(incoming_key(product_id, picture.picture_id)))
    try:
        messages.send(PictureToFetch(product_id, picture.picture_id, new.url))
    except (BotoCoreError, ClientError) as error:
        raise Unavailable from error
    return CreatedPicture(picture, None)


def update_pictures(product_id: str, patch: PicturesPatch, expected: ExpectedVersion) -> Product:
    """Raises ProductNotFound, PictureNotFound, StaleVersion and ConcurrentModification."""

    def edit(current: list[Picture]) -> list[Picture]:
        ordered = lists.put_first(current, [each.id for each in patch.pictures])
        for each in patch.pictures:
            if "alt" in each.model_fields_set:
                ordered = lists.set_alt(ordered, each.id, each.alt)
        return ordered

    product = change_pictures(product_id, edit, expected)
    browse_cache.forget()
    return product


def delete_picture(product_id: str, picture_id: str) -> None:
    """Raises ProductNotFound, PictureNotFound and ConcurrentModification."""
    change_pictures(product_id, lambda current: lists.remove_picture(current, picture_id))
    browse_cache.forget()


def name_picture(owner: Principal, named: NamedPicture) -> FormView:
    """A form for the file that this account's imports find under the name."""
    return _presign(named_key(owner.user_id, named.filename))


def _presign(key: str) -> FormView:
    return presign_form(settings(PictureSettings).pictures_bucket, key, bytes_max=BYTES_MAX)
