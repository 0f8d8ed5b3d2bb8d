"""A monotonic clock that stands still until a test has it go on."""


class Ticking:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds
