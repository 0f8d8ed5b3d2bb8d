"""Hostile files: each is broken or has rejected rows, and none takes much memory."""

import io

import pytest

from files.formats.readers import BrokenFile, open_table
from files.formats.source_rows import VALUE_SHOWN_MAX, SourceRow
from tests.support.hostile_files import Broken, HostileFile, hostile_files
from tests.support.imports import MEGABYTE, measure_peak_memory

MEMORY_MAX = 30 * MEGABYTE  # a worker has 150 MB

EACH_FILE = pytest.mark.parametrize("hostile", hostile_files(), ids=lambda hostile: hostile.name)


def read(file: io.BytesIO, filename: str) -> tuple[list[SourceRow], int]:
    """The rejected rows, and the number of others."""
    rejected, others = [], 0
    for row in open_table(file, filename=filename):
        if row.problems:
            rejected.append(row)
        else:
            others += 1
    return rejected, others


@EACH_FILE
def test_a_hostile_file_ends_with_a_reason(hostile: HostileFile):
    file = io.BytesIO(hostile.build())

    with measure_peak_memory() as memory:
        if isinstance(hostile.ends, Broken):
            with pytest.raises(BrokenFile) as broken:
                read(file, hostile.filename)
            ends: object = Broken(broken.value.code)
            messages = [str(broken.value)]
        else:
            rejected, others = read(file, hostile.filename)
            problems = [problem for row in rejected for problem in row.problems]
            ends = type(hostile.ends)([problem.code for problem in problems], others)
            messages = [problem.message for problem in problems]
            assert all(len(problem.value or "") <= VALUE_SHOWN_MAX for problem in problems)

    assert ends == hostile.ends
    assert all(message.endswith(".") and len(message) < 300 for message in messages)
    assert memory.peak < MEMORY_MAX


def test_the_corpus_is_large():
    names = [hostile.name for hostile in hostile_files()]

    assert len(names) == len(set(names)) > 90
