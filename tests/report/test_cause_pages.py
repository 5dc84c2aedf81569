"""docs/causes: a page for every cause of the catalogue, each in the index, each fit to be shown in the window."""

import re

import pytest

CATALOGUE = [
    "batchnorm-training-mode",
    "preprocessing-mismatch",
    "output-order",
    "input-order",
    "tensor-name",
    "weight-order",
    "weights-not-loaded",
    "weights-changed",
    "batchnorm-statistics",
    "batchnorm-epsilon",
    "layernorm-epsilon",
    "folding",
    "quantization",
    "precision",
    "rounding",
    "activation",
    "padding",
    "pooling",
    "resize",
    "layout",
    "depthwise-layout",
    "dropout-active",
    "random-op",
    "state-kept",
    "recurrent-variant",
    "custom-layer",
    "missing-layer",
    "version-drift",
    "hub-module",
    "backend-kernel",
    "label-order",
    "image-decoding",
    "nan-or-infinity",
    "not-loadable",
    "wrong-match",
    "vocabulary",
    "bins",
]
PAGES = [*CATALOGUE, "unexplained"]
LINK = re.compile(r"\]\(([^)]+)\)")


@pytest.fixture
def folder(root):
    return root / "docs" / "causes"


def test_there_is_a_page_for_every_cause_and_no_other(folder):
    assert len(CATALOGUE) == 37
    assert {page.stem for page in folder.glob("*.md")} == {*PAGES, "README"}


def test_the_index_leads_to_every_page_once(folder):
    text = (folder / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"\[`([a-z-]+)`\]\(([a-z-]+)\.md\)", text)
    assert all(shown == target for shown, target in linked)
    assert sorted(shown for shown, _ in linked) == sorted(PAGES)


@pytest.mark.parametrize("cause", PAGES)
def test_a_page_says_how_it_looks_is_told_and_what_is_no_fault(folder, cause):
    text = (folder / f"{cause}.md").read_text(encoding="utf-8")
    assert re.match(rf"# `{cause}`: \S", text)
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[0] == "How it looks"
    if cause != "rounding":  # it is the page of what is no fault
        assert {"How it is told", "How it is proved", "How it is mended", "What is no fault"} <= set(headings)


def test_every_link_of_a_page_leads_to_a_file_of_ours(folder):
    for page in folder.glob("*.md"):
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            assert (folder / target.partition("#")[0]).resolve().is_file(), (page.name, target)


def test_every_id_that_a_cause_gives_is_in_the_catalogue(root):
    found = set()
    for module in (root / "inspector" / "causes").rglob("*.py"):
        found |= set(re.findall(r'cause="([^"]+)"|^[A-Z_]*CAUSE = "([^"]+)"', module.read_text(), re.MULTILINE))
    given = {name for pair in found for name in pair if name}
    assert given
    assert given <= set(CATALOGUE)
