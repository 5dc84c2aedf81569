"""A match that a person made and that is wrong is suspected first; everything else is as if it were not there."""

from __future__ import annotations

import pytest

from inspector.session.session import Session
from inspector.session.settings import Settings
from inspector.session.store import Store

pytestmark = pytest.mark.framework
RELU = "digits/relu1/Relu:0"
RELU3 = "digits/relu3/Relu:0"


@pytest.fixture(scope="module")
def session(demo, tmp_path_factory: pytest.TempPathFactory):
    with Session(store=Store(tmp_path_factory.mktemp("state"))) as made:
        made.open("a", demo.h5)
        yield made


def causes(comparison) -> list[tuple[str, bool]]:
    return [(finding.cause, finding.note_only) for finding in comparison.findings]


@pytest.mark.parametrize(
    ("layer", "wrong", "right"),
    [
        ("relu1", "digits/conv1/Conv2D:0", RELU),
        ("relu3", "digits/pool3/Mean:0", RELU3),
        ("softmax", "digits/scores/BiasAdd:0", "digits/softmax/Softmax:0"),
    ],
)
def test_in_a_faithful_pair_the_match_alone_is_suspected(
    session: Session, demo, layer: str, wrong: str, right: str
) -> None:
    session.open("b", demo.pb)
    session.change_match(layer, wrong)
    try:
        found = session.compare()
    finally:
        session.clear_match(layer)
    assert found.verdict in ("same", "within-noise")
    assert causes(found)[0] == ("wrong-match", True)
    assert [cause for cause, _ in causes(found)] == ["wrong-match"], "no missing layer"
    first = found.findings[0]
    assert (first.layer_a, first.layer_b) == (layer, right)
    assert first.title == f"your match of `{layer}` looks wrong: `{right}` has this value"
    assert found.sentence.startswith(f"Your match of `{layer}` looks wrong: `{right}` has this value; without it: ")
    row = next(item for item in found.layers if item.a == layer)
    assert (row.b, row.status, row.introduced) == (wrong, "not-compared", None)
    assert row.evidence[0].kind == "user"


@pytest.mark.parametrize(
    ("layer", "wrong", "right", "how"),
    [
        ("relu1", "digits/conv1/Conv2D:0", RELU, "has this value"),
        ("relu3", "digits/pool3/Mean:0", RELU3, "gives the same from the same inputs"),
    ],
)
def test_before_and_behind_a_fault_the_match_comes_first_and_the_fault_next(
    session: Session, demo, layer: str, wrong: str, right: str, how: str
) -> None:
    session.open("b", demo.faulty)
    session.change_match(layer, wrong)
    try:
        found = session.compare()
    finally:
        session.clear_match(layer)
    assert causes(found) == [("wrong-match", False), ("batchnorm-epsilon", False)]
    assert found.findings[0].title == f"your match of `{layer}` looks wrong: `{right}` {how}"
    assert [item.a for item in found.layers if item.status == "different"] == ["bn2"]


def test_a_match_by_hand_that_is_right_is_not_suspected(session: Session, demo) -> None:
    session.open("b", demo.faulty)
    session.change_match("relu3", RELU3)
    try:
        found = session.compare()
    finally:
        session.clear_match("relu3")
    assert causes(found) == [("batchnorm-epsilon", False)]


def test_a_preprocessing_that_differs_is_the_headline_before_what_is_behind_it(session: Session, demo) -> None:
    """On so small an input the fault behind hides what the preprocessing does, until it is put right."""
    session.open("b", demo.faulty)
    session.settings = Settings(inputs=("random:0",), preprocess_a="scale 1/255")
    found = session.compare()
    session.settings = Settings()
    assert causes(found) == [("preprocessing-mismatch", False), ("batchnorm-epsilon", False)]
    assert found.sentence.startswith("The sides are fed differently at `image`: B gets x, A gets x / 255; ")
