"""A tab of headless Chromium that a test looks at and uses: its width, its colours, its content.

It speaks the DevTools protocol over a pair of pipes, which no web page can reach:
chromedevtools.github.io/devtools-protocol
"""

import base64
import fcntl
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, TypeAlias

from tests.support.browser import SECONDS_MAX, command, environment, read_log

Scheme: TypeAlias = Literal["light", "dark"]
PHONE, DESKTOP = 400, 1280  # pixels
HEIGHT = 900
# Chromium reads commands from descriptor 3 and answers on 4.
START = "import os, sys; os.dup2({}, 3); os.dup2({}, 4); os.execv(sys.argv[1], sys.argv[1:])"


class Tab:
    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._buffer = b""
        self._last_id = 0
        self._session: str | None = None
        self.problems: list[str] = []  # errors of scripts, and what the policy has blocked

    def attach(self) -> None:
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")

    def show(self, url: str, *, width: int = DESKTOP, scheme: Scheme = "light") -> None:
        metrics = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", **metrics)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._call("Emulation.setEmulatedMedia", features=[feature])
        self._call("Page.navigate", url="about:blank")  # another fragment alone loads nothing
        navigated = self._call("Page.navigate", url=url)
        assert "errorText" not in navigated, navigated
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def evaluate(self, script: str) -> Any:
        answer = self._call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Returns once the script's value is true."""
        deadline = time.monotonic() + SECONDS_MAX
        while not self._is_true(condition):
            assert time.monotonic() < deadline, f"not true: {condition}\n{self.text()}"
            time.sleep(0.05)

    def _is_true(self, condition: str) -> bool:
        """False too while one page replaces another."""
        try:
            return bool(self.evaluate(f"Boolean({condition})"))
        except AssertionError as error:
            if "navigated" not in str(error):
                raise
            return False

    def wait_for_text(self, text: str) -> None:
        self.wait_for(f"document.body?.innerText.includes({json.dumps(text)})")

    def text(self) -> str:
        return str(self.evaluate("document.body?.innerText ?? ''"))

    def click(self, selector: str) -> None:
        self.wait_for(f"document.querySelector({json.dumps(selector)})")
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def overflow(self) -> int:
        """How many pixels the page is wider than the window."""
        root = "document.documentElement"
        return int(self.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))

    def background(self) -> str:
        return str(self.evaluate("getComputedStyle(document.body).backgroundColor"))

    def take_screenshot(self, file: Path) -> None:
        """Of the whole page."""
        size = self._call("Page.getLayoutMetrics")["cssContentSize"]
        taken = self._call(
            "Page.captureScreenshot", captureBeyondViewport=True, clip={**size, "scale": 1}
        )
        file.write_bytes(base64.b64decode(taken["data"]))

    def _call(self, method: str, **parameters: Any) -> Any:
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._last_id:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self._note(answer)

    def _note(self, event: dict[str, Any]) -> None:
        match event.get("method"):
            case "Runtime.exceptionThrown":
                self.problems.append(str(event["params"]["exceptionDetails"]))
            case "Log.entryAdded" if event["params"]["entry"]["level"] == "error":
                self.problems.append(str(event["params"]["entry"]))

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], SECONDS_MAX)
            received = os.read(self._answers, 1 << 20) if ready else b""
            assert received, "Chromium does not answer"
            self._buffer += received
        message, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer


@contextmanager
def open_tab(folder: Path) -> Iterator[Tab]:
    (to_read, commands), (answers, to_write) = os.pipe(), os.pipe()
    inherited = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (to_read, to_write)]
    starter = [sys.executable, "-c", START.format(*inherited)]
    with (folder / "chromium.log").open("wb") as log:
        browser = subprocess.Popen(  # noqa: S603 (a browser of this machine)
            [*starter, *command("", folder), "--remote-debugging-pipe", "about:blank"],
            pass_fds=inherited,
            stdout=log,
            stderr=log,
            env=environment(folder),
        )
    for fd in (to_read, to_write, *inherited):
        os.close(fd)
    tab = Tab(commands, answers)
    try:
        tab.attach()
        yield tab
    except AssertionError as error:
        error.add_note(read_log(folder))
        raise
    finally:
        browser.terminate()
        with suppress(subprocess.TimeoutExpired):
            browser.wait(SECONDS_MAX)
        for fd in (commands, answers):
            os.close(fd)
