from aws_lambda_powertools.event_handler import Response

from files import service as uploads
from files.schemas import UploadRequest, UploadView
from shared.config import UploadSettings
from shared.http.api import create_api
from shared.http.authorization import requires
from shared.http.responses import created_response
from shared.security.permissions import Permission

api = create_api(UploadSettings)
handler = api.resolve


@api.post("/v1/uploads", status_code=201, tags=["Uploads"])
@requires(Permission.UPLOAD_FILES)
def start_upload(request: UploadRequest) -> Response[UploadView]:
    """Announce a file. The answer's `form` takes it within five minutes."""
    started = uploads.start(api.caller, request)
    view = UploadView.from_model(started.upload, started.form)
    return created_response(view, location=f"/v1/uploads/{view.id}")


@api.get("/v1/uploads/<upload_id>", tags=["Uploads"])
@requires(Permission.UPLOAD_FILES)
def get_upload(upload_id: str) -> UploadView:
    """How far the import has come, and which rows were wrong."""
    return UploadView.from_model(uploads.view(upload_id))
