"""Folding: the one form in which search compares texts. Pure.

Readers take `Łódź` and `lodz`, `Straße` and `STRASSE` for the same. So case, accents and ligatures
are dropped from all scripts that have them, digits are those of ASCII, and Latin letters become
ASCII. Letters of other scripts stay as they are written.
"""

import re
import unicodedata
from functools import lru_cache

HYPHEN, DOT, SPACE = "-", ".", " "  # what a folded text has between its words

# Scripts without spaces between words. Korean has spaces, but writes compounds without them.
_UNSPACED = (
    r"\u0e00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\ua980-\ua9df"
    r"\uaa60-\uaa7f\u3005-\u3007\u3040-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\ua960-\ua97f\uac00-\ud7ff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]").match
# Of these, the scripts of letters: their runs are longer than those of syllables and ideographs.
_IS_LETTER_SCRIPT = re.compile(r"[\u0e00-\u109f\u1780-\u1aaf\ua980-\uaa7f]").match
WORDS = re.compile(f"[{_UNSPACED}]+|[^-. {_UNSPACED}]+")
_IS_LATIN = re.compile(
    r"[\u00c0-\u02af\u1d00-\u1dbf\u1e00-\u1eff\u2c60-\u2c7f\ua722-\ua7ff\uab30-\uab6f]"
).match

# Between letters or digits, these signs may be typed or not: T-Shirt, Levi's, H&M.
_HYPHENS = frozenset("'`\u2018\u2019\u201b\u2032\u02b9\u02bb\u02bc\u02bd\u02c8\u05f3\u05f4_&+")
# These and dots may be left out between letters, but not between digits: 3/4 is not 34.
_SLASHES = frozenset("/:\u00b7")
_DROPPED_CATEGORIES = frozenset({"Cf", "Me"})  # joiners, direction marks, frames around emoji
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
_KATAKANA = range(0x30A1, 0x30F7)  # each is a hiragana with another shape
_TO_HIRAGANA = 0x60

# Before the decomposition, which would make letters of ™ and a mark of an acute accent.
_SIGNS = str.maketrans({"™": " ", "℠": " ", "\u00b4": "'", "\u1fbd": "'", "\u0640": ""})
_SIGNS |= {ord(fraction): f" {fraction}" for fraction in "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"}  # 2½ is not 21/2
# Letters that keyboards of one language have for those of another, or that writers confuse.
_ARABIC = {
    "\u0649": "\u064a",
    "\u06cc": "\u064a",
    "\u06a9": "\u0643",
    "\u0629": "\u0647",
    "\u06c1": "\u0647",
}  # yeh, kaf, heh
# How writers without these keys type them. The digraphs of æ and œ are their folded form.
_DIGRAPHS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})

_SEPARATORS = re.compile(r"[-.,/ ]+")
_THOUSANDS = re.compile(
    r"(?<![0-9.,])[1-9][0-9]{0,2}(?:(?:\.[0-9]{3})+|(?:,[0-9]{3})+)(?![.,]?[0-9])"
)
_DECIMAL = re.compile(r"(?<![0-9.,])([0-9]+)[.,]([0-9]+)(?![.,]?[0-9])")
# 10 x 15, 10\u00d715 and 10*15 are 10x15; Russian writers type a Cyrillic letter for the sign.
_TIMES = re.compile("(?<=[0-9]) *[x\u0445\u00d7\u2715\u2716*] *(?=[0-9])")
_SPACED_THOUSANDS = re.compile("(?<=[0-9])[\u00a0\u2009\u202f](?=[0-9]{3}(?![0-9]))")
_MICRO = re.compile("\u03bc(?=[a-z])")  # of a unit, which Greek words do not have: um
POINT = "\x01"  # of a decimal number, while dots still separate words


def fold(text: str) -> str:
    """Folded words, with one character of HYPHEN, DOT and SPACE between two of them.

    Only a text that ends with a sign or a space ends with SPACE. Numbers have no separators of
    thousands, and POINT for a decimal comma or point.
    """
    if not text.isascii():
        text = _SPACED_THOUSANDS.sub("", text)  # before the decomposition makes them plain spaces
        decomposed = unicodedata.normalize("NFKD", text.translate(_SIGNS)).casefold()
        text = _MICRO.sub("u", unicodedata.normalize("NFKD", decomposed))
    text = _TIMES.sub("x", text.lower())
    folded = unicodedata.normalize("NFC", "".join(map(_fold_character, text)))
    folded = _THOUSANDS.sub(lambda number: re.sub("[.,]", "", number[0]), folded)
    folded = _DECIMAL.sub(rf"\1{POINT}\2", folded)
    return _SEPARATORS.sub(lambda signs: _separator(signs, len(folded)), folded)


def with_digraphs(text: str) -> str:
    """The text as it is typed where a keyboard has no umlauts: `Müller` as `mueller`."""
    return unicodedata.normalize("NFC", text).lower().translate(_DIGRAPHS)


def is_run(word: str) -> bool:
    """Whether the word is written in a script without spaces, so that it may have several words."""
    return _IS_UNSPACED(word) is not None


def gram_length(run: str) -> int:
    """The first characters of a run that one range of keys finds.

    Two ideographs or syllables are about a word. A script of letters needs more of them.
    """
    return 4 if _IS_LETTER_SCRIPT(run) else 2


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] not in "LNM" or character in _HYPHENS:
        return _fold_sign(character, category)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if _IS_UNSPACED(character):  # also marks: a voiced kana is another letter, not one with accent
        return chr(ord(character) - _TO_HIRAGANA * (ord(character) in _KATAKANA))
    if unicodedata.combining(character) or category in _DROPPED_CATEGORIES:
        return ""
    if ord(character) in _VARIATION_SELECTORS:
        return ""
    return _to_ascii(character) if _IS_LATIN(character) else _ARABIC.get(character, character)


def _fold_sign(character: str, category: str) -> str:
    if category in _DROPPED_CATEGORIES:
        return ""
    if category == "Pd" or character in _HYPHENS:
        return HYPHEN
    if character in _SLASHES:
        return "/"
    return character if character in ".," else SPACE


def _to_ascii(letter: str) -> str:
    # Imported here because few texts have such letters.
    from anyascii import anyascii  # noqa: PLC0415

    return "".join(filter(str.isalnum, anyascii(letter).lower())) or letter


def _separator(signs: re.Match[str], length: int) -> str:
    is_between_words = signs.start() > 0 and signs.end() < length
    if not is_between_words or signs[0] not in (HYPHEN, DOT, "/"):
        return SPACE
    return HYPHEN if signs[0] == HYPHEN else DOT
