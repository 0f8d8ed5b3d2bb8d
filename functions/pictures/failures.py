"""Why the shop cannot use a picture, as the person who sent it reads it."""

from shared.pictures.lists import Failure


class BadPicture(Exception):
    """The picture fails, and another attempt would fail, too."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(code, message)


class TryLater(BadPicture):
    """The picture fails now. Another attempt may succeed: its server is busy, for example."""
