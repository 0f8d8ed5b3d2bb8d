"""Conditional requests (RFC 9110, 13), so that no edit overwrites a change that its author missed.

An ETag is strong: `"version-digest"`, with a digest of the bytes of the response. An edit compares
the version only, because a sale in between is no reason to refuse a new description.
"""

import hashlib
import re
from typing import Self

from shared.errors.requests import InvalidPrecondition, StaleVersion
from shared.records import Record

IF_NONE_MATCH_MAX = 2_000  # characters; some 80 of our ETags

_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\U0010ffff]*"'  # RFC 9110, 8.8.3
_ENTITY_TAGS = re.compile(rf"[ \t]*{_ENTITY_TAG}(?:[ \t]*,[ \t]*{_ENTITY_TAG})*[ \t]*")
_VERSION = re.compile(r'"([0-9]{1,18})(?:-[0-9a-f]+)?"')


def make_etag(body: str, version: int | None = None) -> str:
    """The ETag of a body, with the resource's version if it has one."""
    digest = hashlib.sha256(body.encode()).hexdigest()[:16]
    return f'"{digest}"' if version is None else f'"{version}-{digest}"'


def is_not_modified(if_none_match: str | None, etag: str) -> bool:
    """Whether the client already has this representation.

    A malformed or very long header counts as none: it only saves bytes.
    """
    if if_none_match is None or len(if_none_match) > IF_NONE_MATCH_MAX:
        return False
    # The comparison is weak (RFC 9110, 13.1.2): proxies that compress add W/ to our ETags.
    return if_none_match.strip(" \t") == "*" or etag in {
        tag.removeprefix("W/") for tag in _parse_tags(if_none_match)
    }


class ExpectedVersion(Record):
    """The versions that an edit accepts: those in If-Match, or any (`*`)."""

    versions: frozenset[int] | None

    @classmethod
    def parse(cls, if_match: str) -> Self:
        """Weak ETags and ETags of others match no version. Raises InvalidPrecondition."""
        if if_match.strip() == "*":
            return cls(None)
        tags = _parse_tags(if_match)
        if not tags:
            raise InvalidPrecondition
        found = (_VERSION.fullmatch(tag) for tag in tags)
        return cls(frozenset(int(version[1]) for version in found if version))

    @property
    def is_any(self) -> bool:
        return self.versions is None

    def check(self, version: float) -> None:
        """Raises StaleVersion unless the edit accepts this version."""
        if self.versions is not None and version not in self.versions:
            raise stale_version(version)


def stale_version(current: float) -> StaleVersion:
    return StaleVersion(current_version=int(current))


def _parse_tags(header: str) -> list[str]:
    """The ETags of a header; none if it is malformed."""
    return re.findall(_ENTITY_TAG, header) if _ENTITY_TAGS.fullmatch(header) else []
