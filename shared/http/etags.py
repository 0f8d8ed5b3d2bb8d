"""Conditional requests (RFC 9110, 13): nobody overwrites what they have not seen.

An ETag is strong: `"version-digest"`, where the digest is of the very bytes that were shown. An
edit asks for the version alone: what was sold meanwhile is no reason to refuse a new description.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Self

from shared.errors.requests import InvalidPrecondition, StaleVersion

_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\U0010ffff]*"'  # RFC 9110, 8.8.3
_ENTITY_TAGS = re.compile(rf"[ \t]*{_ENTITY_TAG}(?:[ \t]*,[ \t]*{_ENTITY_TAG})*[ \t]*")
_VERSION = re.compile(r'"([0-9]{1,18})(?:-[0-9a-f]+)?"')


def make_etag(body: str, version: int | None = None) -> str:
    """The ETag of a representation: of that version, if it has one."""
    digest = hashlib.sha256(body.encode()).hexdigest()[:16]
    return f'"{digest}"' if version is None else f'"{version}-{digest}"'


def is_not_modified(if_none_match: str | None, etag: str) -> bool:
    """Whether the client has what it would be shown. Raises InvalidPrecondition."""
    if if_none_match is None:
        return False
    # Compared weakly (RFC 9110, 13.1.2): proxies that compress make W/ of it.
    return if_none_match.strip() == "*" or etag in {
        tag.removeprefix("W/") for tag in _tags_in(if_none_match, "If-None-Match")
    }


@dataclass(frozen=True, slots=True)
class ExpectedVersion:
    """What an edit was made upon: some versions, or whatever there is (`*`)."""

    versions: frozenset[int] | None

    @classmethod
    def parse(cls, if_match: str) -> Self:
        """Raises InvalidPrecondition. A tag that is none of ours, or weak, matches no version."""
        if if_match.strip() == "*":
            return cls(None)
        found = (_VERSION.fullmatch(tag) for tag in _tags_in(if_match, "If-Match"))
        return cls(frozenset(int(version[1]) for version in found if version))

    @property
    def is_any(self) -> bool:
        return self.versions is None

    def check(self, version: float) -> None:
        """Raises StaleVersion unless that is what was expected."""
        if self.versions is not None and version not in self.versions:
            raise stale_version(version)


def stale_version(version: float) -> StaleVersion:
    return StaleVersion(
        "It was changed since you read it. Read it again, and make your change upon that.",
        current_version=int(version),
    )


def _tags_in(header: str, name: str) -> list[str]:
    if not _ENTITY_TAGS.fullmatch(header):
        raise InvalidPrecondition(
            f'{name} takes ETags as they were given, in quotes, such as "7-0f3a", or *.'
        )
    return re.findall(_ENTITY_TAG, header)
