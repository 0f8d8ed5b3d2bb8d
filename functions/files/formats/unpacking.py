"""Unpacks gzip and zip as a stream. What they unpack to is bounded before it is read. Pure."""

import gzip
import os
import struct
import tempfile
import weakref
import zipfile
import zlib
from typing import IO, BinaryIO, Protocol

from files.formats.signatures import refuse_other_archives
from files.formats.source_rows import BrokenFile

UNPACKED_BYTES_MAX = 5_000_000_000
RATIO_MAX = 200  # tables compress by 5 to 50
RATIO_FREE_BYTES = 10_000_000  # any ratio is fine up to here
_DIRECTORY_BYTES_MAX = 1_000_000  # of a zip: a workbook has some tens of files

SPOOLED_BYTES_MAX = 100_000_000  # Lambda has 512 MB on disk, the texts of a workbook take 300
_BLOCK_BYTES = 262_144

# What macOS and Windows put beside the files of a folder.
_MAC_FOLDER, _MAC_PREFIX = "__MACOSX/", "._"
_OF_FOLDERS = (".ds_store", "thumbs.db", "desktop.ini")
_SUPPORTED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
# What the two modules raise for a damaged file. An error of the file's own storage is none of them.
_DAMAGES = (
    EOFError,
    gzip.BadGzipFile,
    NotImplementedError,
    RuntimeError,
    struct.error,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class BoundedStream:
    """What is unpacked from a file of `packed_bytes`. Raises BrokenFile where it is too much."""

    def __init__(self, stream: Readable, packed_bytes: int | None) -> None:
        self._stream = stream
        self._limit = UNPACKED_BYTES_MAX
        if packed_bytes is not None:
            self._limit = min(self._limit, max(RATIO_FREE_BYTES, RATIO_MAX * packed_bytes))
        self._size = 0

    def read(self, size: int, /) -> bytes:
        try:
            unpacked = self._stream.read(size)
        except _DAMAGES as error:
            raise describe_damage(error) from error
        self._size += len(unpacked)
        if self._size > self._limit:
            raise _refuse_size(self._limit)
        return unpacked


def open_gzip(file: BinaryIO) -> BoundedStream:
    return BoundedStream(gzip.GzipFile(fileobj=file), _size_of(file))


def open_zip(file: BinaryIO) -> zipfile.ZipFile:
    """Raises BrokenFile, also for names that point outside of a folder, and for documents."""
    try:
        archive = zipfile.ZipFile(_BoundedReads(file))
    except _DAMAGES as error:
        raise describe_damage(error) from error
    for entry in archive.infolist():
        parts = entry.filename.replace("\\", "/").split("/")
        if parts[0] == "" or ".." in parts or ":" in parts[0]:
            message = "The zip has a file name that leads outside of it. Pack the file again."
            raise BrokenFile("unsafe_file_name", message)
    refuse_other_archives(archive.namelist())
    return archive


def open_only_file(archive: zipfile.ZipFile) -> BoundedStream:
    """Raises BrokenFile unless the zip has one file."""
    entries = [entry for entry in archive.infolist() if not _is_ignored(entry)]
    if len(entries) != 1:
        message = f"The zip has {len(entries)} files. Pack one file alone."
        raise BrokenFile("not_one_file", message)
    return open_entry(archive, entries[0])


def open_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> BoundedStream:
    """Raises BrokenFile if its declared size is too large: zipfile reads no more than that."""
    if entry.flag_bits & _ENCRYPTED:
        raise BrokenFile("encrypted_file", "The file has a password. Save it without one.")
    if entry.compress_type not in _SUPPORTED:
        raise BrokenFile("unsupported_compression", "Pack the file with the usual method, Deflate.")
    limit = min(UNPACKED_BYTES_MAX, max(RATIO_FREE_BYTES, RATIO_MAX * entry.compress_size))
    if entry.file_size > limit:
        raise _refuse_size(limit)
    try:
        return BoundedStream(archive.open(entry), entry.compress_size)
    except _DAMAGES as error:
        raise describe_damage(error) from error


def spool(head: bytes, stream: Readable) -> BinaryIO:
    """A stream as a file on disk: a workbook is read from its end. Raises BrokenFile."""
    descriptor = open_unnamed_file()
    file = open(descriptor, "r+b", closefd=False)  # noqa: SIM115 (closed when it is unused)
    weakref.finalize(file, os.close, descriptor)
    size, block = 0, head
    while block:
        size += file.write(block)
        if size > SPOOLED_BYTES_MAX:
            message = (
                f"A packed workbook has at most {SPOOLED_BYTES_MAX} bytes. Upload it unpacked."
            )
            raise BrokenFile("file_too_large", message)
        block = stream.read(_BLOCK_BYTES)
    file.seek(0)
    return file


def open_unnamed_file() -> int:
    """Its descriptor. The space on the disk is free when it is closed."""
    descriptor, path = tempfile.mkstemp()
    os.unlink(path)  # noqa: PTH108 (a string is all there is)
    return descriptor


def describe_damage(error: Exception) -> BrokenFile:
    if isinstance(error, EOFError):
        return BrokenFile("truncated_file", "The packed file ends too early. Upload it again.")
    return BrokenFile("damaged_file", "The packed file is damaged. Pack and upload it again.")


def _is_ignored(entry: zipfile.ZipInfo) -> bool:
    """Folders, and what a system adds to them."""
    name = entry.filename.rpartition("/")[2]
    is_added = name.startswith(_MAC_PREFIX) or name.lower() in _OF_FOLDERS
    return entry.is_dir() or entry.filename.startswith(_MAC_FOLDER) or is_added


def _refuse_size(limit: int) -> BrokenFile:
    if limit == UNPACKED_BYTES_MAX:
        message = f"The file unpacks to more than {UNPACKED_BYTES_MAX} bytes. Divide it."
        return BrokenFile("file_too_large", message)
    message = f"The file unpacks to more than {RATIO_MAX} times its size. Upload it unpacked."
    return BrokenFile("compression_ratio", message)


def _size_of(file: BinaryIO) -> int:
    size = file.seek(0, 2)
    file.seek(0)
    return size


class _BoundedReads:
    """A file of which no more is read at once than the directory of a zip may have."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seekable, self.tell = file.seekable, file.tell

    def seek(self, offset: int, whence: int = 0) -> int:
        if whence == 0 and offset < 0:
            raise zipfile.BadZipFile
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        if size > _DIRECTORY_BYTES_MAX:
            raise BrokenFile("not_one_file", "The zip has too many files. Pack one file alone.")
        return self._file.read(_DIRECTORY_BYTES_MAX if size < 0 else size)
