"""The text of an API key: `souk_<key id>_<user>_<secret>`.

The first part is no secret: it names the key in lists and logs. Scanners for leaked secrets find
keys by the prefix.
"""

import re

from shared.records import Record

PREFIX = "souk_"
_FORM = re.compile(
    r"souk_(?P<key>[a-z2-7]{32})_(?P<user>[a-z2-7]{32})_(?P<secret>[\w-]{43})", re.ASCII
)


class KeyText(Record):
    user_id: str
    key_id: str
    secret: str

    def __str__(self) -> str:
        user = self.user_id.partition("_")[2]
        return f"{self.prefix_of(self.key_id)}_{user}_{self.secret}"

    @staticmethod
    def prefix_of(key_id: str) -> str:
        """Return the first part of the key with this id."""
        return PREFIX + key_id.partition("_")[2]

    @classmethod
    def parse(cls, text: str) -> "KeyText":
        """Raises ValueError for a text that `str` cannot have made."""
        parts = _FORM.fullmatch(text)
        if parts is None:
            raise ValueError("not an API key")
        return cls(f"usr_{parts['user']}", f"key_{parts['key']}", parts["secret"])
