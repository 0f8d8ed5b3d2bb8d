"""Uploads: files for the catalog import."""

from aws_lambda_powertools.event_handler import Response

from files import service as uploads
from files.schemas import PartsToComplete, UploadRequest
from files.views import ImportedPicturesView, UploadView
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.parameters import PageCursor, PageLimit
from shared.http.responses import created_response
from shared.http.schemas import Page
from shared.security.permissions import Permission
from shared.storage.models.uploads import Upload

routes = Routes()


@routes.post("/v1/uploads", status_code=201, tags=["Uploads"])
@requires(Permission.UPLOAD_FILES)
def create_upload(request: UploadRequest) -> Response[UploadView]:
    """Create an import of products, and get a form to upload its file.

    Send the file to S3 with `form` within five minutes; one of more than 100 MB in `parts`. The
    import starts when the file arrives. Get the upload to see its progress. An upload without a
    file fails after an hour, one in parts after twelve.
    """
    created = uploads.create_upload(routes.caller, request)
    view = UploadView.from_model(created.upload, form=created.form, parts=created.parts)
    return created_response(view, location=f"/v1/uploads/{view.id}")


@routes.get("/v1/uploads", tags=["Uploads"])
@requires(Permission.UPLOAD_FILES)
def list_uploads(limit: PageLimit = 20, cursor: PageCursor = None) -> Page[UploadView]:
    """List the uploads that you created in the last 30 days, newest first.

    Uploads of colleagues are not in the list. You can get each of them by its id.
    """
    page = uploads.list_uploads(routes.caller, limit=limit, cursor=cursor)
    return Page(items=[_view(each) for each in page.items], next_cursor=page.next_cursor)


@routes.get("/v1/uploads/<upload_id>", tags=["Uploads"])
@requires(Permission.UPLOAD_FILES)
def get_upload(upload_id: str) -> UploadView:
    """Get the progress of an import, and the errors of the rows that it rejected.

    Everybody who may upload files can get every upload of the shop, whoever created it.
    """
    upload = uploads.get_upload(upload_id)
    pictures = ImportedPicturesView.from_model(upload, uploads.find_pictures(upload_id))
    return _view(upload, pictures)


@routes.post("/v1/uploads/<upload_id>/complete", tags=["Uploads"])
@requires(Permission.UPLOAD_FILES)
def complete_upload(upload_id: str, request: PartsToComplete) -> UploadView:
    """Put the parts of a large file together. Its import starts then.

    A repetition returns the upload as it is.
    """
    return _view(uploads.complete_upload(upload_id, request))


@routes.post("/v1/uploads/<upload_id>/confirm", tags=["Uploads"])
@requires(Permission.UPLOAD_FILES)
def confirm_upload(upload_id: str) -> UploadView:
    """Write what a dry run has checked.

    Rows are compared with the products as they are then. A repetition returns the upload as it is.
    """
    return _view(uploads.confirm_upload(routes.caller, upload_id))


@routes.post("/v1/uploads/<upload_id>/cancel", tags=["Uploads"])
@requires(Permission.UPLOAD_FILES)
def cancel_upload(upload_id: str) -> UploadView:
    """Stop an import. What it has written stays.

    Workers end the chunks of about 500 rows that they are at. A repetition returns the upload as it
    is.
    """
    return _view(uploads.cancel_upload(routes.caller, upload_id))


def _view(upload: Upload, pictures: ImportedPicturesView | None = None) -> UploadView:
    url = uploads.sign_error_file(upload)
    return UploadView.from_model(upload, error_file_url=url, pictures=pictures)
