"""The pages say what the code does: links lead somewhere, commands exist, lists are complete."""

import re
from pathlib import Path

import pytest

from orders.payments.stripe_events import SUBSCRIBED_EVENTS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
README_LINES_MAX = 130
DECISION_SECTIONS = ["Context", "Alternatives", "Decision", "Price", "How to undo"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
MAKE_TARGET = re.compile(r"(?:^|`)make ([a-z]+(?:-[a-z]+)*)", re.MULTILINE)


def anchor(heading: str) -> str:
    """The name that Git hosts give a heading."""
    return re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_link_of_a_page_leads_somewhere(page):
    for link in LINK.findall(page.read_text()):
        path, _, fragment = link.partition("#")
        if "://" in path:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if fragment:
            anchors = [anchor(heading) for heading in HEADING.findall(target.read_text())]
            assert fragment in anchors, link


def test_every_make_target_in_the_pages_exists():
    makefile = (ROOT / "Makefile").read_text()
    named = {target for page in PAGES for target in MAKE_TARGET.findall(page.read_text())}

    assert {"run", "test", "deploy", "verify"} <= named
    missing = {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)}
    assert missing == set()


def test_the_webhook_events_to_subscribe_to_stand_once():
    deploying = (ROOT / "docs" / "deploying.md").read_text()
    listed = re.findall(
        r"^\| `((?:payment_intent|refund|charge\.dispute)\.\w+)` \|", deploying, re.MULTILINE
    )
    elsewhere = [
        page.name
        for page in PAGES
        if page.name != "deploying.md" and "payment_intent." in page.read_text()
    ]

    assert sorted(listed) == sorted(SUBSCRIBED_EVENTS)
    assert elsewhere == []


def test_each_decision_is_complete_and_listed():
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    for page in sorted(folder.glob("0*.md")):
        text = page.read_text()
        sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert sections == DECISION_SECTIONS, page.name
        assert re.search(r"^Status: accepted, \d{4}-\d{2}-\d{2}", text, re.MULTILINE), page.name
        assert f"({page.name})" in index


def test_the_readme_stays_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES_MAX
