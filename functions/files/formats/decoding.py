"""The bytes of a file as text: the encoding is found, and bad bytes are marked. Pure.

A bad byte is the error of its row, so it becomes a character that no text has: a low surrogate that
carries the byte. `has_bad_bytes` finds these, `read_bad_bytes` shows what was probably meant.
"""

import codecs
import re
from collections.abc import Callable

from files.formats.formulas import has_guard
from files.formats.source_rows import Problem, Warnings

BLOCK_BYTES = 262_144
LOOK_AHEAD_BYTES = 65_536

_BAD_BYTES = re.compile("[\ud800-\udfff]")
_MARK = "souk.mark_bad_bytes"
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16: its mark begins with that one's
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
# Each decodes as much as it can, and returns the text and the number of bytes it took.
_Decode = Callable[[bytes, str, bool], tuple[str, int]]
_DECODERS: dict[str, _Decode] = {
    "utf-8": codecs.utf_8_decode,
    "utf-16-le": codecs.utf_16_le_decode,
    "utf-16-be": codecs.utf_16_be_decode,
    "utf-32-le": codecs.utf_32_le_decode,
    "utf-32-be": codecs.utf_32_be_decode,
    "windows-1252": lambda data, errors, _: codecs.lookup("cp1252").decode(data, errors),
}
_ASCII = bytes(range(128))
_NUL_SHARE_MIN = 0.3  # of the bytes in one place of a unit: UTF-16 of a language in Latin letters


def _mark_bad_bytes(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 (the handler is for decoding alone)
    bad = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in bad), error.end


codecs.register_error(_MARK, _mark_bad_bytes)


def has_bad_bytes(text: str) -> bool:
    return not text.isascii() and _BAD_BYTES.search(text) is not None


def read_bad_bytes(text: str) -> str:
    """The text with each bad byte as Windows-1252, which most of them are."""
    return _BAD_BYTES.sub(lambda bad: bytes([ord(bad[0]) & 0xFF]).decode("cp1252", "replace"), text)


class Text:
    """The text of a file, in blocks.

    `encoding` is None until a byte decides: a file of nothing but ASCII is in any encoding.
    `is_plain` says of the last block that it has no NUL, no bad byte, and no guarded formula.
    """

    def __init__(
        self,
        read: Callable[[int], bytes],
        head: bytes,
        encoding: str | None,
        warnings: Warnings,
    ) -> None:
        self._read, self._head = read, head
        self.encoding = encoding
        self._warnings = warnings
        self._undecoded = b""
        self.is_plain = True
        self._last = ""  # character of the last block

    def read(self) -> str:
        """The next block, which is empty at the end of the file alone."""
        data = self._next_bytes()
        if self.encoding is None:
            if data.isascii():
                return self._judge(data.decode("ascii"))
            data = self._decide(data)
        return self._decode(data)

    def _judge(self, text: str) -> str:
        """Say whether a block without bad bytes is plain."""
        edge = self._last + text[:1]  # a guard and its formula can be in two blocks
        self._last = text[-1:]
        self.is_plain = "\0" not in text and not has_guard(text) and not has_guard(edge)
        return text

    def _next_bytes(self) -> bytes:
        data, self._head = self._head or self._read(BLOCK_BYTES), b""
        return data

    def _decide(self, data: bytes) -> bytes:
        """Read ahead of the first byte that is not ASCII, and decide what these bytes are."""
        first = len(data) - len(data.lstrip(_ASCII))
        while len(data) - first < LOOK_AHEAD_BYTES and (more := self._read(BLOCK_BYTES)):
            data += more
        self.encoding = "utf-8" if _is_mostly_utf8(data[first:]) else "windows-1252"
        if self.encoding == "windows-1252":
            message = (
                "The file is not UTF-8. It is read as Windows-1252, as Excel saves it. Check the "
                "letters with accents, or save the file as UTF-8."
            )
            self._warnings.add(Problem(1, None, "encoding_windows_1252", message))
        return data

    def _decode(self, data: bytes) -> str:
        assert self.encoding  # noqa: S101 (decided by the caller)
        decode, is_last = _DECODERS[self.encoding], not data
        data = self._undecoded + data
        try:
            text, taken = decode(data, "strict", is_last)
            self._judge(text)
        except UnicodeDecodeError:
            text, taken = decode(data, _MARK, is_last)
            self.is_plain = False
        self._undecoded = data[taken:]
        # A block can be the first bytes of one character. It is not the end of the file.
        return text or ("" if is_last else self.read())


def is_plain(text: str) -> bool:
    """Whether no cell in the text is a guarded formula or has a NUL or a bad byte."""
    return "\0" not in text and not has_bad_bytes(text) and not has_guard(text)


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether most of the bytes that are not ASCII are parts of characters in UTF-8."""
    text, _ = codecs.utf_8_decode(data, _MARK, False)
    others = [character for character in text if not character.isascii()]
    bad = sum(1 for character in others if _BAD_BYTES.match(character))
    good = sum(len(character.encode()) for character in others if not _BAD_BYTES.match(character))
    return good > bad or not others


def find_encoding(head: bytes) -> tuple[str | None, bytes]:
    """By the byte order mark or the NULs, or None. And the head without that mark."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            while head.startswith(mark):  # a program has written another one before it
                head = head[len(mark) :]
            return encoding, head
    return _encoding_by_nuls(head), head


def _encoding_by_nuls(head: bytes) -> str | None:
    """UTF-16 without a byte order mark: every other byte of Latin letters is NUL."""
    sample = head[:4096]
    units = len(sample) // 2
    if not units:
        return None
    even, odd = (sample[start::2].count(0) / units for start in (0, 1))
    if sample[0] and not sample[1] and odd > _NUL_SHARE_MIN and even < odd / 10:
        return "utf-16-le"
    if sample[1] and not sample[0] and even > _NUL_SHARE_MIN and odd < even / 10:
        return "utf-16-be"
    return None
