"""What decides a time, and what counts instructions."""

import os
from pathlib import Path

import pytest

from benchmarks import instructions
from benchmarks.minima import cpu_milliseconds, least_in_turns
from benchmarks.subprocesses import SubprocessFailed


def test_the_least_of_each_counts_but_the_first_turn():
    seconds = {"one": iter([0.0, 5.0, 3.0, 9.0]), "two": iter([0.0, 8.0, 8.5, 7.0])}
    measures = {name: values.__next__ for name, values in seconds.items()}

    assert least_in_turns(measures, 3) == {"one": 3.0, "two": 7.0}


def test_measures_take_turns():
    order = []

    def measure(name: str) -> float:
        order.append(name)
        return 1.0

    least_in_turns({name: lambda name=name: measure(name) for name in ("a", "b")}, 2)

    assert order == ["a", "b"] * 3


def test_cpu_time_is_that_of_one_call_without_waiting():
    calls = []

    milliseconds = cpu_milliseconds(lambda: calls.append(sum(range(20_000))), 5)

    assert len(calls) == 5
    assert 0 < milliseconds < 1000


def fake_valgrind(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "valgrind"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.defpath}")


def test_instructions_are_read_from_what_valgrind_writes(tmp_path, monkeypatch):
    script = """
for option; do case "$option" in --cachegrind-out-file=*) out="${option#*=}";; esac; done
printf 'events: Ir\\nfn=main\\n1 5\\nsummary: 1839900123\\n' > "$out"
printf '%s ' "$PYTHONHASHSEED" "$@" > "$SEEN"
"""
    fake_valgrind(tmp_path, monkeypatch, script)
    seen = tmp_path / "seen"
    env = {"PATH": os.environ["PATH"], "SEEN": str(seen), "PYTHONHASHSEED": "random"}

    assert instructions.count(["python", "-c", "pass"], env) == 1_839_900_123

    assert instructions.can_count()
    assert seen.read_text().startswith("0 --tool=cachegrind")  # the same hash seed each time
    assert seen.read_text().endswith("python -c pass ")


def test_a_command_that_fails_is_not_counted(tmp_path, monkeypatch):
    fake_valgrind(tmp_path, monkeypatch, "echo no module >&2; exit 1")

    with pytest.raises(SubprocessFailed, match="no module"):
        instructions.count(["python"], {"PATH": os.environ["PATH"]})


def test_without_valgrind_nothing_can_be_counted(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert not instructions.can_count()
