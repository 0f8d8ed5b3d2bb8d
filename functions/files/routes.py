"""Uploads: files for the catalog import."""

from aws_lambda_powertools.event_handler import Response

from files import service as uploads
from files.schemas import UploadRequest, UploadView
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.responses import created_response
from shared.security.permissions import Permission

routes = Routes()


@routes.post("/v1/uploads", status_code=201, tags=["Uploads"])
@requires(Permission.UPLOAD_FILES)
def create_upload(request: UploadRequest) -> Response[UploadView]:
    """Create an import of products, and get a form to upload its file.

    Send the file to S3 with `form` within five minutes. The import starts when the file arrives.
    Get the upload to see its progress. An upload without a file fails after an hour.
    """
    created_upload = uploads.create_upload(routes.caller, request)
    view = UploadView.from_model(created_upload.upload, created_upload.form)
    return created_response(view, location=f"/v1/uploads/{view.id}")


@routes.get("/v1/uploads/<upload_id>", tags=["Uploads"])
@requires(Permission.UPLOAD_FILES)
def get_upload(upload_id: str) -> UploadView:
    """Get the progress of an import, and the errors of the rows that it rejected.

    Everybody who may upload files can get every upload of the shop, whoever created it.
    """
    return UploadView.from_model(uploads.get_upload(upload_id))
