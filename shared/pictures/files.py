"""Files that arrive in the bucket of pictures, and their keys. Pure."""

import hashlib
import unicodedata

BYTES_MAX = 20_000_000
INCOMING_PREFIX = "incoming/"  # followed by the ids of the product and of the picture
NAMED_PREFIX = "named/"  # followed by who sent the file and what follows from its name


def incoming_key(product_id: str, picture_id: str) -> str:
    return f"{INCOMING_PREFIX}{product_id}/{picture_id}"


def ids_in(key: str) -> tuple[str, str]:
    """The ids of the product and of the picture. Raises ValueError for another key."""
    prefix, product_id, picture_id = key.split("/")
    if f"{prefix}/" != INCOMING_PREFIX:
        raise ValueError("not the key of a picture that arrives")
    return product_id, picture_id


def named_key(owner_id: str, filename: str) -> str:
    """The key of the file that this account has sent under this name.

    Folders and upper or lower case do not count: a spreadsheet and the disk often differ in them.
    """
    base = filename.replace("\\", "/").rpartition("/")[2]
    name = unicodedata.normalize("NFC", base.strip()).casefold()
    return f"{NAMED_PREFIX}{owner_id}/{hashlib.sha256(name.encode()).hexdigest()}"
