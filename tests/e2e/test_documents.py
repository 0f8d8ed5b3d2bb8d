"""Each block of README, tutorial and events works when it is pasted twice into a shell."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from local.stack import Stack

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ERROR_CODE = re.compile(r'"error":\s*\{"code":\s*"(\w+)"')
# The tutorial shows one refusal on purpose.
SHOWN_ERRORS = {"README.md": set(), "docs/events.md": set(), "docs/tutorial.md": {"stale_version"}}
SCRIPT_SECONDS_MAX = 600  # for every block twice, on a busy machine
DONE = "document-done"


def list_blocks(page: str) -> list[str]:
    return BLOCK.findall((ROOT / page).read_text())


def is_make_block(block: str) -> bool:
    return all(line.startswith("make ") for line in block.splitlines())


def write_stack_file(stack: Stack, folder: Path) -> Path:
    path = folder / "stack.json"
    path.write_text(json.dumps(stack.facts()))
    return path


@pytest.mark.usefixtures("restored_rates")
@pytest.mark.parametrize("page", sorted(SHOWN_ERRORS))
def test_each_block_works_as_printed_and_pasted_twice(stack, tmp_path, page):
    blocks = [block for block in list_blocks(page) if not is_make_block(block)]
    script = "\n".join(block for block in blocks for _ in range(2))
    assert blocks
    assert "localhost" not in script
    assert not re.search(r":\d{4}", script)

    run = subprocess.run(
        ["/bin/bash", "-eo", "pipefail"],
        input=f"{script}\necho {DONE}\n",
        env=os.environ
        | {"SOUK_STACK": str(write_stack_file(stack, tmp_path)), "TMPDIR": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SCRIPT_SECONDS_MAX,
    )

    assert run.returncode == 0, run.stdout[-2000:] + run.stderr
    assert run.stdout.endswith(f"{DONE}\n")
    assert set(ERROR_CODE.findall(run.stdout)) == SHOWN_ERRORS[page]
    assert run.stderr == ""
