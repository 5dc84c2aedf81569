"""Every layer of a Keras file is matched to the tensor whose value is the layer's, in graphs that TensorFlow froze."""

from __future__ import annotations

import freezing
import pytest
import zoo
from matched import RIGHT, equal, matched
from pairs import Pair, pair, renamed

from inspector.domain.match import Match

pytestmark = pytest.mark.filterwarnings("ignore")
FRAMEWORKS = ("tf_keras", "keras")
# Batch norms of equal shapes that all start alike, blocks that part and meet, heads beside each other.
APPLICATIONS = [
    ("tf_keras", "MobileNetV2"),
    ("keras", "MobileNetV2"),
    ("keras", "InceptionV3"),
    ("tf_keras", "EfficientNetB0"),
]


def wrong(made: Pair, matches: tuple[Match, ...]) -> list[str]:
    """Layers whose tensor is none, or holds another value than Keras says, or whose weights are not found."""
    own = [match for match in matches if match.kind != "input" and match.a in made.truth]
    values = freezing.graph_values(made.graph, made.feeds, sorted({m.tensor_b for m in own if m.tensor_b}))
    found = []
    for match in own:
        if match.tensor_b is None or not equal(made.truth[match.a], values[match.tensor_b]):
            found.append(f"{match.a} -> {match.tensor_b} {match.note}")
        elif any(weight.relation not in RIGHT for weight in match.weights):
            found.append(f"{match.a}: {[(w.role, w.relation) for w in match.weights]}")
    return found


@pytest.mark.parametrize("name", list(zoo.NETS))
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_layer_is_matched(framework: str, name: str) -> None:
    made = pair(framework, name)
    a, _, assignment = matched(made.h5, made.pb)
    assert wrong(made, assignment.matches) == []
    assert assignment.unmatched_a == ()
    assert assignment.unmatched_b == ()
    with_weights = {layer.name for layer in a.layers if layer.weights}
    evident = {
        match.a
        for match in assignment.matches
        for item in match.evidence
        if item.kind == "weights" and item.score > 0.9
    }
    assert with_weights <= evident
    assert len(assignment.inputs) == len(made.model.inputs)
    assert len(assignment.outputs) == len(made.model.outputs)


@pytest.mark.parametrize("name", list(zoo.NETS))
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_layer_is_matched_without_names(framework: str, name: str) -> None:
    made = renamed(pair(framework, name))
    _, _, assignment = matched(made.h5, made.pb)
    assert wrong(made, assignment.matches) == []
    assert not any(item.kind == "name" for match in assignment.matches for item in match.evidence)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_loops_as_functions(framework: str) -> None:
    """The same recurrent layers as While ops and called functions, not lowered to frames."""
    made = pair(framework, "recurrent", lower=False)
    _, _, assignment = matched(made.h5, made.pb)
    assert wrong(made, assignment.matches) == []


@pytest.mark.parametrize(("framework", "name"), APPLICATIONS)
def test_applications(framework: str, name: str) -> None:
    made = pair(framework, name, batch=1)
    _, _, assignment = matched(made.h5, made.pb)
    assert wrong(made, assignment.matches) == []
    assert assignment.unmatched_a == assignment.unmatched_b == ()
    without_names = renamed(made)
    _, _, assignment = matched(without_names.h5, without_names.pb)
    assert len(wrong(without_names, assignment.matches)) <= 0.05 * len(assignment.matches)


@pytest.mark.parametrize(
    ("h5", "pb"),
    [
        ("dga-lstm/model.h5", "dga-lstm/model.pb"),
        ("emotion-mini/_mini_XCEPTION.102-0.66.hdf5", "emotion-mini/model.pb"),
        ("emotion-simple/_simple_CNN.00-0.32.hdf5", "emotion-simple/model-cnn-032.pb"),
        ("lenet5/modelLeNet5_small.h5", "lenet5/frozen_model.pb"),
        ("muscle-mlp/mlp_200517a.h5", "muscle-mlp/mlp_200517a.pb"),
        ("muscle-mlp/mlp_200517b.h5", "muscle-mlp/mlp_200517b.pb"),
        ("racecar/mlp-720.h5", "racecar/frozen_model_720.pb"),
        ("regressor-0611b/model_0611b.h5", "regressor-0611b/frozen_model_0611b.pb"),
    ],
)
def test_real_pairs(shared_models, h5: str, pb: str) -> None:
    """All weights of every layer are found, in layers that end where names say."""
    a, _, assignment = matched(shared_models / "pairs" / h5, shared_models / "pairs" / pb)
    assert assignment.unmatched_a == assignment.unmatched_b == ()
    by_name = {match.a: match for match in assignment.matches}
    for layer in a.layers:
        if layer.weights:
            assert {weight.relation for weight in by_name[layer.name].weights} <= RIGHT, layer.name
            assert layer.name.split("/")[-1] in (by_name[layer.name].tensor_b or "").split("/"), layer.name


@pytest.mark.parametrize(
    ("h5", "pb"),
    [
        ("emotion-simple/_simple_CNN.00-0.32.hdf5", "emotion-simple/model-cnn-033.pb"),
        ("racecar/mlp-latest.h5", "racecar/frozen_model_full.pb"),
    ],
)
def test_other_weights(shared_models, h5: str, pb: str) -> None:
    """Another training step: the layers are found by name and structure, and no weight passes for the same."""
    _, _, assignment = matched(shared_models / "pairs" / h5, shared_models / "pairs" / pb)
    assert assignment.unmatched_a == ()
    relations = {weight.relation for match in assignment.matches for weight in match.weights}
    assert relations <= {"different", "missing"}
    assert not any(item.kind == "weights" for match in assignment.matches for item in match.evidence)
