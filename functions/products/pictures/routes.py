"""The pictures of a product, for staff. Shoppers see them with the product."""

from aws_lambda_powertools.event_handler import Response

from products.pictures import service as pictures
from products.pictures.schemas import (
    NamedPicture,
    NamedPictureView,
    NewPicture,
    PicturesPatch,
    PicturesView,
    StaffPictureView,
)
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.etags import ExpectedVersion
from shared.http.parameters import IfMatch, IfNoneMatch
from shared.http.responses import created_response, no_content_response, ok_response
from shared.security.permissions import Permission

routes = Routes()


@routes.post("/v1/products/<product_id>/pictures", status_code=201, tags=["Pictures"])
@requires(Permission.WRITE_PRODUCTS)
def create_picture(product_id: str, new: NewPicture) -> Response[StaffPictureView]:
    """Add a picture to a product: send its file with `form`, or have the shop fetch its `url`.

    The file is a JPEG, PNG, WebP, GIF or AVIF of at most 20 MB and 50 million pixels. Send it to S3
    within five minutes. The product shows the picture some seconds later, after all others. A
    product has at most 20 pictures. If it has 20, a new one replaces the oldest that failed.
    """
    created = pictures.create_picture(product_id, new)
    view = StaffPictureView.from_model(created.picture, created.form)
    return created_response(view, location=f"/v1/products/{product_id}/pictures")


@routes.get("/v1/products/<product_id>/pictures", tags=["Pictures"])
@requires(Permission.WRITE_PRODUCTS)
def list_pictures(product_id: str, if_none_match: IfNoneMatch = None) -> Response[PicturesView]:
    """List the pictures of a product in their order, also those that wait or failed.

    The answer is current, not cached.
    """
    view = PicturesView.from_product(pictures.list_pictures(product_id))
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.patch("/v1/products/<product_id>/pictures", tags=["Pictures"])
@requires(Permission.WRITE_PRODUCTS)
def update_pictures(
    product_id: str, patch: PicturesPatch, if_match: IfMatch
) -> Response[PicturesView]:
    """Change the order of a product's pictures, or the texts of some, and get all pictures.

    The pictures that you name come first, in this order. In `If-Match`, send the ETag of the list.
    """
    product = pictures.update_pictures(product_id, patch, ExpectedVersion.parse(if_match))
    view = PicturesView.from_product(product)
    return ok_response(view, version=view.version)


@routes.delete(
    "/v1/products/<product_id>/pictures/<picture_id>", status_code=204, tags=["Pictures"]
)
@requires(Permission.WRITE_PRODUCTS)
def delete_picture(product_id: str, picture_id: str) -> Response[None]:
    """Remove a picture from a product.

    Pages and mails that show it can go on to do so: its files stay, because another product may
    have the same picture.
    """
    pictures.delete_picture(product_id, picture_id)
    return no_content_response()


@routes.post("/v1/picture-files", status_code=201, tags=["Pictures"])
@requires(Permission.UPLOAD_FILES)
def create_picture_file(named: NamedPicture) -> Response[NamedPictureView]:
    """Get a form to send a picture that your imports refer to by its file name.

    Send the files before you import. The shop keeps each for 30 days. Another file with the same
    name replaces it.
    """
    form = pictures.name_picture(routes.caller, named)
    return created_response(NamedPictureView(filename=named.filename, form=form))
