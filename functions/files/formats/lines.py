"""The lines of a text, whatever ends them, each of bounded length. Pure."""

import io
from collections.abc import Iterator

from files.formats.decoding import BLOCK_BYTES, Text
from files.formats.source_rows import ROW_CHARACTERS_MAX, BrokenFile

# A row can begin this many blocks before the one that was read last.
_BLOCKS_OF_A_ROW = 2 * ROW_CHARACTERS_MAX // BLOCK_BYTES + 2


class Lines:
    """Each line with its end. A line that is too long is cut behind its limit.

    `may_be_special` says whether a line of the last row may have a NUL, a bad byte, or a
    guarded formula.
    Raises BrokenFile for a line of which even the rest is too long.
    """

    def __init__(self, text: Text) -> None:
        self._text = text
        self._special_blocks = 0
        self.may_be_special = False
        self._lines = self._read()

    def __iter__(self) -> Iterator[str]:
        """Always the same iterator: who stops can go on."""
        return self._lines

    def _read(self) -> Iterator[str]:
        carry = ""
        while block := self._read_block():
            block = carry + block
            whole = _end_of_last_line(block)
            yield from io.StringIO(block[:whole], newline="")
            carry = block[whole:]
            if len(carry) > ROW_CHARACTERS_MAX:
                yield carry[: ROW_CHARACTERS_MAX + 1]
                carry = self._skip_line()
        yield from io.StringIO(carry, newline="")

    def _read_block(self) -> str:
        block = self._text.read()
        self._special_blocks = max(0, self._special_blocks - 1)
        if not self._text.is_plain:
            self._special_blocks = _BLOCKS_OF_A_ROW
        self.may_be_special = self._special_blocks > 0
        return block

    def _skip_line(self) -> str:
        """Skip to the end of the line, and return what was read behind it."""
        skipped = 0
        while block := self._read_block():
            ends = [place for place in (block.find("\n"), block.find("\r")) if place >= 0]
            if ends:
                rest = block[min(ends) :]
                rest += self._read_block() if rest == "\r" else ""
                return rest[2 if rest.startswith("\r\n") else 1 :]
            skipped += len(block)
            if skipped > ROW_CHARACTERS_MAX:
                raise BrokenFile(
                    "row_too_long",
                    f"A line has more than {ROW_CHARACTERS_MAX} characters. "
                    "Put one product on a line.",
                )
        return ""


def _end_of_last_line(block: str) -> int:
    """Where the last whole line ends. A CR at the end of a block may be half of a line's end."""
    end = max(block.rfind("\n"), block.rfind("\r", 0, len(block) - 1))
    return end + 1
