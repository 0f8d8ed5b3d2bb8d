"""AWS's own DynamoDB Local: installs it below local/.state and runs it on a free port of 127.0.0.1.

It comes in an npm package of AWS Amplify. Of the package, the emulator alone is unpacked.
"""

import base64
import hashlib
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.paths import STATE

PACKAGE = "amplify-dynamodb-simulator"
VERSION = "2.9.30"  # DynamoDB Local 1.25.1
SHA512 = "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
FOLDER = STATE / "dynamodb-local" / VERSION
INNER = "package/emulator/"
JAVA_MIN = 17
SERVER = Path(__file__).with_name("LoopbackServer.java")


class Missing(Exception):
    """What this machine lacks, and what to do."""


def require_java() -> None:
    """Raises Missing."""
    if shutil.which("java") is None:
        raise Missing(f"java is not installed. Install a JDK of version {JAVA_MIN} or newer.")
    versions = _output("java", "-version")
    found = re.search(r'version "(\d+)', versions)
    if found is None or int(found[1]) < JAVA_MIN:
        first = versions.partition("\n")[0]
        raise Missing(f"java is too old ({first}). Install a JDK of version {JAVA_MIN} or newer.")
    if "jdk.compiler" not in _output("java", "--list-modules"):
        raise Missing(f"java has no compiler. Install a JDK of version {JAVA_MIN}, not only a JRE.")


def install() -> Path:
    """The emulator's folder. Downloads it the first time. Raises Missing."""
    if FOLDER.exists():
        return FOLDER
    if shutil.which("npm") is None:
        raise Missing("npm is not installed. Install Node.js, which contains npm.")
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    archive = _download(FOLDER.parent)
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != SHA512:
        raise Missing(f"{archive.name} is not the archive that was reviewed. Its hash is {digest}.")
    draft = FOLDER.with_name("draft")
    shutil.rmtree(draft, ignore_errors=True)
    with tarfile.open(archive) as package:
        files = [each for each in package.getmembers() if each.name.startswith(INNER)]
        package.extractall(draft, files, filter="data")
    (draft / INNER).rename(FOLDER)
    shutil.rmtree(draft)
    archive.unlink()
    return FOLDER


def _download(folder: Path) -> Path:
    command = ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"]
    done = subprocess.run(  # noqa: S603
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Missing(f"npm cannot download {PACKAGE}. Check the network.\n{done.stderr.strip()}")
    return folder / done.stdout.strip().splitlines()[-1]


def _output(*command: str) -> str:
    return subprocess.run(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    ).stdout


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The address of an empty DynamoDB Local, which lives as long as this process at most."""
    command = [
        "java",
        "-Xmx1g",
        f"-Djava.library.path={folder / 'DynamoDBLocal_lib'}",
        "-classpath",
        f"{folder / 'DynamoDBLocal.jar'}:{folder / 'DynamoDBLocal_lib'}/*",
        str(SERVER),
        "-inMemory",
        "-disableTelemetry",
        "-cors",  # otherwise any web page may use it
        "http://127.0.0.1",
    ]
    server = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        lines = (re.match(r"listening on (\d+)", line) for line in server.stdout)
        port = next((line[1] for line in lines if line), None)
        if port is None:
            raise Missing("DynamoDB Local did not start. Its messages are above.")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stdin.close()  # this stops it
        server.wait()
