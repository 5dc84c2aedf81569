"""The same file in the Pythons of three times: the numbers of TensorFlow 1.15 everywhere, taps and replay too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inspector.domain.errors import InspectorError
from inspector.domain.options import SideOptions
from inspector.workers.environments import inspect_python
from inspector.workers.runner_client import Loaded, Runner

pytestmark = [pytest.mark.framework, pytest.mark.timeout(1500)]  # the first run makes the environments
OLD, MIDDLE, OURS = "tensorflow-1.15", "tensorflow-2.12", ""
VERSIONS = {OLD: ("3.7.", "1.15.5"), MIDDLE: ("3.", "2.12.1")}
NEAR = 1e-5
Environment = Callable[[str], str]
InPython = Callable[[str], tuple[Runner, Loaded]]


@contextmanager
def runner_in(python: str, folder: Path) -> Iterator[Runner]:
    runner = Runner("side a", spill=folder / "spill", options=SideOptions(python=python))
    try:
        yield runner
    finally:
        runner.close()


@pytest.fixture(scope="module")
def old_net_in(environment: Environment, old_net, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InPython]:
    """The old net loaded in the Python of an environment, once for all tests."""
    with ExitStack() as open_runners:

        @cache
        def loaded_in(name: str) -> tuple[Runner, Loaded]:
            python = environment(name) if name else ""
            runner = open_runners.enter_context(runner_in(python, tmp_path_factory.mktemp("spill")))
            return runner, runner.load(old_net.path, "tf_keras")

        yield loaded_in


@pytest.mark.parametrize("name", VERSIONS)
def test_an_environment_states_its_versions(name: str, environment: Environment, old_net_in: InPython) -> None:
    python, tensorflow = VERSIONS[name]
    found = inspect_python(environment(name))
    assert found.python.startswith(python)
    assert found.versions["tensorflow"] == tensorflow
    started = old_net_in(name)[0].environment()
    assert started.python == found.python
    assert started.versions["tensorflow"] == tensorflow
    assert started.versions["numpy"] == found.versions["numpy"]
    assert old_net_in(name)[1].framework.endswith(f"on TensorFlow {tensorflow}")


@pytest.mark.parametrize("name", [OLD, MIDDLE, OURS])
def test_a_keras_file_gives_the_old_numbers(name: str, old_net, old_net_in: InPython) -> None:
    truth, (runner, loaded) = old_net.truth, old_net_in(name)
    feeds = {loaded.inputs[0].tensor: truth["input"]}
    plain = runner.run(feeds).outputs
    np.testing.assert_allclose(plain["scores"], truth["predicted"], atol=NEAR)
    layers = {key.removeprefix("layer_"): array for key, array in truth.items() if key.startswith("layer_")}
    taps = runner.run(feeds, taps=[*layers, "shared", "shared@1", "both/forward_gru"]).taps
    for layer, array in layers.items():
        np.testing.assert_allclose(taps[layer], array, atol=NEAR, err_msg=layer)
    assert taps["shared"].shape == taps["shared@1"].shape == (4, 12, 5)
    replayed = runner.replay({**feeds, **{layer: taps[layer] for layer in layers}}, list(layers))
    for layer in layers:
        np.testing.assert_allclose(replayed[layer], taps[layer], atol=NEAR, err_msg=layer)


@pytest.mark.parametrize("name", VERSIONS)
def test_a_layer_is_replayed_from_what_it_is_fed(name: str, old_net, old_net_in: InPython) -> None:
    runner, loaded = old_net_in(name)
    feeds = {loaded.inputs[0].tensor: old_net.truth["input"], "bn": old_net.truth["layer_bn"] * 0}
    replayed = runner.replay(feeds, ["bn", "pool"])
    np.testing.assert_allclose(replayed["bn"], old_net.truth["layer_bn"], atol=NEAR)  # from the image
    np.testing.assert_array_equal(replayed["pool"], np.zeros((4, 4, 3, 5), np.float32))  # from the zeros


@pytest.mark.parametrize("name", VERSIONS)
def test_float64_tells_rounding(name: str, old_net, old_net_in: InPython) -> None:
    runner, loaded = old_net_in(name)
    feeds = {loaded.inputs[0].tensor: old_net.truth["input"]}
    taps = runner.run(feeds, taps=["conv", "bn", "scores"]).taps
    for layer, error in runner.reference({**feeds, **taps}, taps).items():
        assert 0 < error.error < 1e-6 * max(error.scale, 1.0), layer


def test_lenet_is_the_same_in_all(environment: Environment, shared_models: Path, tmp_path: Path) -> None:
    folder = shared_models / "pairs" / "lenet5"
    found = {}
    for name in (OLD, MIDDLE, OURS):
        with runner_in(environment(name) if name else "", tmp_path / (name or "ours")) as runner:
            loaded = runner.load(folder / "modelLeNet5_small.h5", "tf_keras")
            shape = [2, *(size or 0 for size in (loaded.inputs[0].shape or ())[1:])]
            image = np.random.default_rng(1).random(shape, np.float32)
            found[name] = next(iter(runner.run({loaded.inputs[0].tensor: image}).outputs.values()))
    np.testing.assert_allclose(found[OLD], found[OURS], atol=NEAR)
    np.testing.assert_allclose(found[MIDDLE], found[OURS], atol=NEAR)


@pytest.mark.parametrize("name", [OLD, MIDDLE])
def test_a_frozen_graph_gives_our_numbers(
    name: str, environment: Environment, shared_models: Path, tmp_path: Path
) -> None:
    path = shared_models / "pairs" / "lenet5" / "frozen_model.pb"
    found = []
    for python in (environment(name), ""):
        with runner_in(python, tmp_path / ("ours" if not python else "theirs")) as runner:
            loaded = runner.load(path, "graph")
            shapes = {port.tensor: [2, *(size or 1 for size in (port.shape or ())[1:])] for port in loaded.inputs}
            random = np.random.default_rng(2)
            feeds = {tensor: random.random(shape, np.float32) for tensor, shape in shapes.items()}
            output = loaded.outputs[0].tensor
            run = runner.run(feeds, taps=[output])
            np.testing.assert_allclose(run.taps[output], runner.run(feeds).outputs[output], atol=NEAR)
            found.append(run.outputs[output])
    assert np.ptp(found[0]) > 0
    np.testing.assert_allclose(found[0], found[1], atol=NEAR)


def test_the_demo_graph_runs_where_it_was_not_made(environment: Environment, demo: Any, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    found = []
    for python in (environment(MIDDLE), ""):
        with runner_in(python, tmp_path / ("ours" if not python else "theirs")) as runner:
            loaded = runner.load(demo.pb, "graph")
            shape = [2, *(size or 1 for size in (loaded.inputs[0].shape or ())[1:])]
            random = np.random.default_rng(3)
            found.append(runner.run({loaded.inputs[0].tensor: random.random(shape, np.float32)}).outputs)
    for name, array in found[0].items():
        np.testing.assert_allclose(array, found[1][name], atol=NEAR)


def test_a_python_without_tensorflow_is_named(tmp_path: Path) -> None:
    """A virtual environment with nothing in it; numpy alone would let the runner itself start."""
    import sys
    import venv

    venv.create(tmp_path / "bare", symlinks=True)
    bare = str(tmp_path / "bare" / "bin" / "python")
    with pytest.raises(InspectorError) as raised:
        inspect_python(bare)
    assert raised.value.code == "FRAMEWORK_MISSING"
    assert raised.value.where == bare
    with runner_in(bare, tmp_path) as runner, pytest.raises(InspectorError) as raised:
        runner.start("tf_keras").result(timeout=60)
    assert raised.value.code == "FRAMEWORK_MISSING"
    assert sys.version.split()[0] in raised.value.what
