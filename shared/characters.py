"""Which characters a text may have that other people read. Pure.

Refused are characters that no keyboard types and that make a text show something else than it says:
control characters, and those that override or embed a writing direction (Unicode TR 36, 3.3). They
split lines in logs, mails and CSV files, and turn `exe.gpj` into `jpg.exe`. Legal are all scripts,
combining marks, joiners (Persian, emoji), and the marks that Hebrew and Arabic keyboards have.
"""

import re
import unicodedata

# For Python, for pydantic's regular expressions, and for ECMA 262 in the OpenAPI document.
_HIDDEN = r"\u007f-\u009f\u202a-\u202e\u2066-\u206f\ufff9-\ufffb\ufffe\uffff"
_CONTROLS = r"\u0000-\u001f"
_CONTROLS_EXCEPT_TAB_AND_BREAKS = r"\u0000-\u0008\u000b\u000c\u000e-\u001f"
ONE_LINE = rf"^[^{_CONTROLS}\u2028\u2029{_HIDDEN}]*$"
LINES = rf"^[^{_CONTROLS_EXCEPT_TAB_AND_BREAKS}{_HIDDEN}]*$"
# For what people compare by eye: also without characters that take no room. The joiners that
# Persian and emoji need stay legal.
_WITHOUT_ROOM = r"\u00ad\u061c\u180e\u200b\u200e\u200f\u2060-\u2065\ufeff"
PRINTABLE = rf"^[^{_CONTROLS}\u2028\u2029{_HIDDEN}{_WITHOUT_ROOM}]*$"

_NOT_IN_LINE = re.compile(rf"[{_CONTROLS}\u2028\u2029{_HIDDEN}\ud800-\udfff]")
_NOT_IN_LINES = re.compile(rf"[{_CONTROLS_EXCEPT_TAB_AND_BREAKS}{_HIDDEN}]")
_SURROGATE = re.compile("[\ud800-\udfff]")

# Letters and symbols that show nothing: the fillers of Hangul, a braille cell without dots, a note
# without a head. The other ranges are reserved for characters that show nothing.
_BLANKS = re.compile(
    "[\u115f\u1160\u3164\uffa0\u2800\U0001d159\u2065\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Me"})

PATTERN_MESSAGES: dict[str, str] = {}  # by pattern: what a client reads instead of it


def describe_pattern(pattern: str, message: str) -> str:
    """Return the pattern; validation errors about it have this message from now on.

    Raises ValueError if it has another message: which one a client reads would be chance.
    """
    if PATTERN_MESSAGES.setdefault(pattern, message) != message:
        raise ValueError(f"{pattern} has two messages")
    return pattern


def is_visible(text: str) -> bool:
    """Whether the text has a character that people see; a mark needs one that it combines with."""
    if text[:1].isascii() and text[:1].isalnum():
        return True
    return any(
        unicodedata.category(character) not in _INVISIBLE_CATEGORIES
        and not _BLANKS.match(character)
        for character in text
    )


def has_only_text(text: str) -> bool:
    """Whether each character is legal in a text of several lines."""
    return _NOT_IN_LINES.search(text) is None


def is_unicode(text: str) -> bool:
    """Whether the text has no half of a surrogate pair, which no encoding can carry."""
    return _SURROGATE.search(text) is None


def to_line(text: str) -> str:
    """The text without what a line may not have: for text that we cannot refuse."""
    return _NOT_IN_LINE.sub("", text)


def shorten(text: str, length_max: int) -> str:
    """The first characters of a client's text, for a message that repeats it."""
    return _NOT_IN_LINE.sub("\N{REPLACEMENT CHARACTER}", text[:length_max])
