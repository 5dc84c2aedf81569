"""Right scores in another order, and lists of labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from port_cases import Ports, a_layer

from inspector.causes.case import Trial
from inspector.causes.label_order import permutation, suspect

SCORES = np.random.default_rng(2).dirichlet(np.ones(5), 6)
ORDER = np.array([3, 0, 4, 1, 2])
DENSE = {"weights": (("kernel", (4, 5)),)}


def net(b: np.ndarray, status: str = "different", softmax: bool = True, **more) -> Ports:
    made = Ports(**more).fed("x", np.zeros((6, 4), np.float32))
    made.both(a_layer("logits", "dense", "x", **DENSE), a_layer("logits", "dense", "x:0", tensor="logits:0"), status)
    if softmax:
        made.both(a_layer("scores", "softmax", "logits"), a_layer("scores", "softmax", "logits:0", tensor="scores:0"))
        return made.gives("scores", "scores:0", SCORES, b)
    return made.gives("logits", "logits:0", SCORES, b)


def test_scores_in_another_order_are_the_last_dense_layers() -> None:
    (found,) = suspect(net(SCORES[:, ORDER]).case())
    assert found.title == "the classes of `scores` stand in another order in B"
    assert found.layer_a == "logits"
    assert "A's class 0 is B's 1" in found.evidence
    assert "5 of 5 classes have moved" in found.evidence
    assert found.trial == Trial(text="A's order of the classes put into `logits`")  # grafted


def test_where_no_layer_differs_the_output_is_put_in_order() -> None:
    (found,) = suspect(net(SCORES[:, ORDER], "same").case())
    assert found.trial is not None
    assert found.trial.outputs_b is not None
    assert np.array_equal(found.trial.outputs_b["scores:0"], SCORES)


def test_other_scores_are_no_order() -> None:
    assert list(suspect(net(SCORES[:, ORDER] + 1e-3).case())) == []
    assert list(suspect(net(SCORES, "same").case())) == []
    assert permutation(SCORES, np.roll(SCORES, 1, axis=0), 1e-6) is None
    one_sample_wrong = SCORES[:, ORDER].copy()
    one_sample_wrong[5] = SCORES[5]
    assert permutation(SCORES, one_sample_wrong, 1e-6) is None


def test_lists_of_labels_are_compared(tmp_path: Path) -> None:
    for side, names in (("a", ["cat", "dog", "owl"]), ("b", ["dog", "cat", "owl"]), ("c", ["cat", "dog", "emu"])):
        (tmp_path / side).mkdir()
        (tmp_path / side / "labels.txt").write_text("\n".join(names) + "\n")
    paths = {side: (str(tmp_path / side / "labels.txt"),) for side in "abc"}
    (found,) = suspect(net(SCORES, "same", parts=(paths["a"], paths["b"])).case())
    assert found.title == "the labels are listed in another order: class 0 is `cat` in A, `dog` in B"
    assert found.note_only
    assert "2 of them at another place" in found.evidence
    for other in (paths["a"], paths["c"], (), (str(tmp_path / "gone" / "labels.txt"),)):
        assert list(suspect(net(SCORES, "same", parts=(paths["a"], other)).case())) == []


def test_other_text_files_are_no_labels(tmp_path: Path) -> None:
    for name, text in (("vocabulary.txt", "b\na\n"), ("labels.txt", "\xff\n" * 3)):
        (tmp_path / name).write_bytes(text.encode("latin-1"))
    parts = tuple(str(tmp_path / name) for name in ("vocabulary.txt", "labels.txt"))
    assert list(suspect(net(SCORES, "same", parts=(parts, parts)).case())) == []
