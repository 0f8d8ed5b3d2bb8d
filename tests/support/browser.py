"""Opens a page in headless Chromium. The page runs its script, and sends its results back.

The page has the address that the test gives it: Chromium resolves all names to this machine.
"""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SECONDS_MAX = 120  # to start on a busy machine, and to run the script
PAGE = """<!doctype html><meta charset="utf-8"><title>page</title><body><script type="module">
const given = %s;
const results = {};
async function attempt(name, action) {
  try {
    const tooLong = new Promise((_, reject) => setTimeout(reject, 10_000));
    const answer = await Promise.race([action(), tooLong]);
    results[name] = answer?.type === "opaque" ? "opaque" : `read ${answer?.status ?? answer}`;
  } catch (error) {
    results[name] = "failed";
  }
}
%s
await fetch("/results", {method: "POST", body: JSON.stringify(results)});
</script>"""


def find_chromium() -> str | None:
    """Its command, or None where it is not installed (Debian's package is `chromium`)."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def run_script(origin: str, script: str, given: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Runs the script in a page of this origin (http and a host with a port).

    `given` is a constant of the script; it calls `attempt(name, action)`. The answer of each
    attempt is "read STATUS", "opaque" (the page learns nothing) or "failed".
    """
    results: Queue[dict[str, str]] = Queue()
    page = PAGE % (json.dumps(given), script)
    with _serve(page.encode(), results) as port:
        rules = f"MAP {origin.removeprefix('http://')} 127.0.0.1:{port}"
        with _open(f"{origin}/", rules, folder):
            try:
                return results.get(timeout=SECONDS_MAX)
            except Empty:
                raise AssertionError(f"the page sent no results: {read_log(folder)}") from None


def dump_page(url: str, rules: str, folder: Path) -> str:
    """What a tab shows at this address, with these rules of Chromium's resolver."""
    finished = subprocess.run(  # noqa: S603 (a browser of this machine)
        [*command(rules, folder), "--dump-dom", url],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
        env=environment(folder),
    )
    return finished.stdout


def command(rules: str, folder: Path) -> list[str]:
    chromium = find_chromium()
    assert chromium is not None
    return [
        chromium,
        "--headless=new",
        "--no-sandbox",  # needs no privileges of its own in a container
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--no-proxy-server",
        "--disable-background-networking",
        f"--user-data-dir={folder / 'profile'}",
        f"--host-resolver-rules={rules}",
    ]


def environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)}


@contextmanager
def _open(url: str, rules: str, folder: Path) -> Iterator[None]:
    with (folder / "chromium.log").open("wb") as log:
        browser = subprocess.Popen(  # noqa: S603
            [*command(rules, folder), url],
            stdout=log,
            stderr=log,
            env=environment(folder),
        )
        try:
            yield
        finally:
            browser.terminate()
            browser.wait()


def read_log(folder: Path) -> str:
    return (folder / "chromium.log").read_text(errors="replace")[-2000:]


@contextmanager
def _serve(page: bytes, results: "Queue[dict[str, str]]") -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200 if self.path == "/" else 404, page if self.path == "/" else b"")

        def do_POST(self) -> None:
            results.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self._answer(204, b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
