"""What became of the pictures of an import, counted exactly once."""

from shared.storage.models.uploads import PictureMarker, PictureProblem, Upload, UploadPictures
from shared.storage.transactions import Transaction

PROBLEMS_KEPT = 100  # of an upload, in one item


class AlreadyCounted(Exception):
    """Another delivery of the message was faster: its result stands."""


def find_upload(upload_id: str) -> Upload | None:
    return Upload.find(upload_id, "upload", consistent=True)


def is_counted(upload: Upload, picture_id: str) -> bool:
    part = _marker_part(picture_id)
    return PictureMarker.find(upload.upload_id, part, consistent=True) is not None


def stage_ready(transaction: Transaction, upload: Upload, picture_id: str) -> None:
    """Count a picture as ready. The commit raises AlreadyCounted."""
    _stage_marker(transaction, upload, picture_id)
    transaction.update(
        UploadPictures(upload.upload_id, "pictures"),
        [UploadPictures.ready.add(1), UploadPictures.expires_at.set(upload.expires_at)],
    )


def record_failure(upload: Upload, picture_id: str, problem: PictureProblem) -> None:
    """Count a reference without a picture, and keep why. Raises AlreadyCounted."""
    transaction = Transaction()
    _stage_marker(transaction, upload, picture_id)
    actions = [UploadPictures.failed.add(1), UploadPictures.expires_at.set(upload.expires_at)]
    counted = UploadPictures.find(upload.upload_id, "pictures", consistent=True)
    # Workers that finish at the same moment can keep some more than PROBLEMS_KEPT.
    if counted is None or len(counted.problems) < PROBLEMS_KEPT:
        kept = UploadPictures.problems | []
        actions.append(UploadPictures.problems.set(kept.append([problem])))
    transaction.update(UploadPictures(upload.upload_id, "pictures"), actions)
    transaction.commit()


def _stage_marker(transaction: Transaction, upload: Upload, picture_id: str) -> None:
    transaction.put(
        PictureMarker(upload.upload_id, _marker_part(picture_id), expires_at=upload.expires_at),
        only_if=PictureMarker.upload_id.does_not_exist(),
        otherwise=AlreadyCounted(),
    )


def _marker_part(picture_id: str) -> str:
    return f"picture#{picture_id}"
