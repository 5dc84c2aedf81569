"""Faults of what surrounds a model: what is fetched, custom layers, another Keras, a kept state, a module's part,
a picture's preprocessing. Most of them write files of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import graph_faults
import numpy as np
import tensorflow as tf
import tf_keras
import writing
from fault_nets import NETS, Recipe, flat_layers, train_like
from faults import Fault, Made, after, before, found, is_inside, named, replaced, with_config

CUSTOM = """
import tensorflow as tf
import KERAS


class Forgetful(KERAS.layers.Layer):
    def get_config(self):
        return {"name": self.name}


class Scaled(Forgetful):
    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor


class Shrunk(Forgetful):
    def __init__(self, threshold=0.0, **kwargs):
        super().__init__(**kwargs)
        self.threshold = threshold

    def call(self, inputs):
        return tf.sign(inputs) * tf.nn.relu(tf.abs(inputs) - self.threshold)
"""
SHORT = ("ReLU", "Activation", "LeakyReLU", "Dropout")


def tensor_name(made: Made, random: np.random.Generator) -> Iterator[Fault]:
    """A ends in one layer more, and B was frozen with the one before it as its output, which has the same shape."""
    last = next(name for name in ("pose", "scores") if any(name == own for _, own, _ in made))
    seed = int(random.integers(1 << 30))
    for activation in ("tanh", "softmax", None):

        def calibrated(keras: Any, x: Any, activation: str | None = activation) -> Any:
            return keras.layers.Dense(x.shape[-1], activation, name="calibrated")(x)

        change = after(last, calibrated)

        def files(pair: Any, change: Any = change) -> dict[str, Any]:
            own = filled(pair.net, pair.seed, pair.model, change, pair.keras)
            train_like(own.get_layer("calibrated"), seed)
            return _own_files(pair, own, pair.model)

        yield Fault(cause="tensor-name", what=f"{last} fetched", layers=(last, "calibrated"), files=files)


def filled(net: str, seed: int, model: Any, change: Any, keras: Any) -> Any:
    """The net with a change, and the model's weights where the layers still have them."""
    other = NETS[net](Recipe(keras, seed, change))
    own = flat_layers(model)
    for path, layer in flat_layers(other).items():
        arrays = own[path].get_weights() if path in own else []
        count = len(layer.weights) if keras.__name__ == "tf_keras" else len(layer.get_weights())
        if count and len(arrays) >= count:
            layer.set_weights(arrays[:count])
    return other


def custom_layer(made: Made, random: np.random.Generator) -> Iterator[Fault]:
    """A's file lost what the layer was made with; the live model was frozen."""
    for name, _ in named(made, *SHORT):
        for class_name, value in (("Scaled", float(random.uniform(0.3, 0.7))), ("Shrunk", 0.2)):

            def files(pair: Any, name: str = name, new: str = class_name, value: float = value) -> dict[str, Any]:
                code = CUSTOM.replace("KERAS", pair.keras.__name__)
                space: dict[str, Any] = {}
                exec(code, space)
                change = replaced(name, lambda _keras, _class, own, _config: space[new](value, name=own))
                live = filled(pair.net, pair.seed, pair.model, change, pair.keras)
                custom = pair.path("-layers.py")
                custom.write_text(code)
                return {**_own_files(pair, live, live), "options_a": {"custom": str(custom)}}

            yield Fault(cause="custom-layer", what=f"{class_name} saved without {value}", layers=(name,), files=files)

        def captured(pair: Any, name: str = name) -> dict[str, Any]:
            live, saved = (
                filled(pair.net, pair.seed, pair.model, replaced(name, _scaling(factor)), pair.keras)
                for factor in (0.4, 0.9)
            )
            return {**_own_files(pair, saved, live), "options_a": {"trust": True}}

        yield Fault(cause="custom-layer", what="a Lambda's constant", layers=(name,), files=captured)


def _own_files(pair: Any, a: Any, b: Any) -> dict[str, Any]:
    a.save(pair.path("-a.h5"))
    pair.path(".pb").write_bytes(writing.frozen(b).SerializeToString())
    return {"a": pair.path("-a.h5").name}


def _scaling(factor: float) -> Callable[..., Any]:
    return lambda keras, _class, own, _config: keras.layers.Lambda(lambda x: x * factor, name=own)


def version_drift(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    """One config, frozen by Keras 3: hard_sigmoid is another function there."""

    def fault(name: str, change: Any) -> Fault:
        def files(pair: Any) -> dict[str, Any]:
            import keras

            own = filled(pair.net, pair.seed, pair.model, change, tf_keras)
            graph = writing.frozen(filled(pair.net, pair.seed, pair.model, change, keras))
            if not writing.shows(own, graph):
                raise LookupError("nothing is where the two differ")
            own.save(pair.path("-a.h5"))
            pair.path(".pb").write_bytes(graph.SerializeToString())
            return {"a": pair.path("-a.h5").name}

        also = ("recurrent-variant",) if name in ("lstm", "gru") else ()
        return Fault(cause="version-drift", what="hard_sigmoid of Keras 3", layers=(name,), files=files, also=also)

    for class_name, name, config in made:
        if class_name in ("LSTM", "GRU"):
            yield fault(name, with_config(name, recurrent_activation="hard_sigmoid"))
        elif class_name == "Activation":

            def put(keras: Any, _class: str, own: str, _config: Any) -> Any:
                return keras.layers.Activation("hard_sigmoid", name=own)

            yield fault(name, replaced(name, put))
        elif config.get("activation") and name not in ("scores", "logits"):
            yield fault(name, with_config(name, activation="hard_sigmoid"))


def state_kept(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    """A SavedModel whose recurrent layer goes on from where the last run ended."""
    for name, _ in named(made, "LSTM", "GRU"):

        def put(keras: Any, class_name: str, own: str, config: dict[str, Any]) -> Any:
            return _stateful(keras, class_name, own, config)

        change = replaced(name, put)

        def files(pair: Any, change: Any = change, name: str = name) -> dict[str, Any]:

            other = filled(pair.net, pair.seed, pair.model, change, tf_keras)
            inner = found(flat_layers(other), name)
            inner.inner.set_weights(found(flat_layers(pair.model), name).get_weights())
            signature = tf.TensorSpec((writing.BATCH, *other.inputs[0].shape[1:]), tf.float32, name="steps")
            module = tf.Module()
            module.model = other
            module.run = tf.function(lambda steps: {"scores": other(steps, training=False)}, [signature])
            tf.saved_model.save(module, str(pair.path("-saved")), {"serving_default": module.run})
            return {"b": pair.path("-saved").name}

        yield Fault(cause="state-kept", what="stateful", layers=(name,), files=files)


def _stateful(keras: Any, class_name: str, name: str, config: dict[str, Any]) -> Any:
    units = config["args"][0]

    class Stateful(keras.layers.Layer):
        def __init__(self) -> None:
            super().__init__(name=name)
            more = {"return_sequences": config.get("return_sequences", False), "return_state": True}
            self.inner = getattr(keras.layers, class_name)(units, name="inner", **more)
            count = 2 if class_name == "LSTM" else 1
            self.kept = [tf.Variable(tf.zeros((4, units)), trainable=False) for _ in range(count)]

        def call(self, inputs: Any) -> Any:
            output, *states = self.inner(inputs, initial_state=[tf.identity(state) for state in self.kept])
            for kept, state in zip(self.kept, states, strict=True):
                kept.assign(state)
            return output

    return Stateful()


def hub_module(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    """A module with a graph for training beside the one for serving, told apart by tags; each side takes another."""
    if not named(made, "BatchNormalization", "Dropout"):
        return

    def training(keras: Any, class_name: str, name: str, config: dict[str, Any]) -> Any:
        if class_name == "Dropout" and not is_inside(made, name):
            rate = config["args"][0]
            return keras.layers.Lambda(lambda x: tf.nn.dropout(x, rate), name=name)
        return None

    def files(pair: Any) -> dict[str, Any]:

        other = filled(pair.net, pair.seed, pair.model, training, pair.keras)
        graphs = {"serve": writing.frozen(pair.model), "train": writing.frozen(other)}
        _two_graphs(pair.path("-hub"), graphs, len(pair.model.inputs), len(pair.model.outputs))
        options = [{"choices": {"tags": tags}} for tags in ("serve", "train")]
        name = pair.path("-hub").name
        return {"a": name, "b": name, "options_a": options[0], "options_b": options[1]}

    if not any(is_inside(made, name) for name, _ in named(made, "Dropout")):
        yield Fault(cause="hub-module", what="tags train", files=files)


def _two_graphs(path: Path, graphs: dict[str, Any], inputs: int, outputs: int) -> None:
    v1 = tf.compat.v1
    builder = v1.saved_model.Builder(str(path))
    for place, (tags, definition) in enumerate(graphs.items()):
        with tf.Graph().as_default() as graph, v1.Session() as session:
            v1.get_variable("version", initializer=1.0)
            session.run(v1.global_variables_initializer())
            v1.import_graph_def(definition, name="")
            given = [op.outputs[0] for op in graph.get_operations() if op.type == "Placeholder"][:inputs]
            results = [graph.get_tensor_by_name(f"Identity{f'_{at}' if at else ''}:0") for at in range(outputs)]
            signature = v1.saved_model.predict_signature_def(
                {tensor.op.name: tensor for tensor in given}, {f"out{at}": x for at, x in enumerate(results)}
            )
            arguments = {"signature_def_map": {"serving_default": signature}}
            if place:
                builder.add_meta_graph([tags], **arguments)
            else:
                builder.add_meta_graph_and_variables(session, [tags], **arguments)
    builder.save()


def backend_kernel(made: Made, _random: np.random.Generator) -> Iterator[Fault]:
    """Biases as additions in a net with an exact GELU: where TensorFlow's optimiser then fuses them with MatMul and
    GELU into one oneDNN kernel, that is off by 1e-3. The graph is right, and so is each of its layers alone."""
    if not any(config.get("activation") == "gelu" for _, config in named(made, "Dense")):
        return

    def files(pair: Any) -> dict[str, Any]:
        graph = writing.frozen(pair.model)
        for node in graph.node:
            if node.op == "BiasAdd":
                graph_faults.become(node, "AddV2")
        if not writing.shows(pair.model, graph):
            raise LookupError("this TensorFlow fuses it rightly")
        pair.path(".pb").write_bytes(graph.SerializeToString())
        return {}

    yield Fault(cause="backend-kernel", what="GELU fused with its bias", files=files)


def pictures(made: Made, random: np.random.Generator) -> Iterator[Fault]:
    """One photo, and another pipeline on each side; or a Rescaling inside one of them, applied twice."""
    first = made[0][1]
    if any(class_name in ("Conv1D", "MultiHeadAttention") for class_name, _, _ in made):
        return
    size = "12x12" if any(name in ("left_conv", "bn1") for _, name, _ in made) else "16x16"
    names = ("image", "left", "right", first)
    seed = int(random.integers(1 << 30))
    pipelines = (
        ("scale 1/255", "tf"), ("tf", "torch"), ("rgb | scale 1/255", "bgr | scale 1/255"),
        ("caffe | scale 1/128", "bgr | scale 1/128"),
        ("scale 1/255", ""), (f"resize {size} bilinear | tf", f"resize {size} nearest | tf"),
    )  # fmt: skip
    for one, other in pipelines:

        def files(pair: Any, one: str = one, other: str = other) -> dict[str, Any]:

            pair.path(".pb").write_bytes(writing.frozen(pair.model).SerializeToString())
            return {"settings": _photo(pair, seed, preprocess_a=one, preprocess_b=other)}

        what = f"A gets `{one}`, B `{other}`"
        yield Fault(cause="preprocessing-mismatch", what=what, layers=names, files=files)
    if not is_inside(made, first):

        def rescaled(keras: Any, x: Any) -> Any:
            return keras.layers.Rescaling(1 / 255.0, name="rescaling")(x)

        def twice(pair: Any) -> dict[str, Any]:

            other = filled(pair.net, pair.seed, pair.model, before(first, rescaled), pair.keras)
            pair.path(".pb").write_bytes(writing.frozen(other).SerializeToString())
            return {"settings": _photo(pair, seed, preprocess_a="scale 1/255", preprocess_b="scale 1/255")}

        yield Fault(cause="preprocessing-mismatch", what="a photo rescaled twice in B", layers=names, files=twice)


def _photo(pair: Any, seed: int, **settings: str) -> dict[str, Any]:
    """A smooth picture of three colours, 24 by 24."""
    coarse = np.random.default_rng(seed).uniform(0, 255, (1, 4, 4, 3))
    smooth = tf.image.resize(coarse, (24, 24), "bicubic")[0]
    path = pair.path(".png")
    path.write_bytes(tf.io.encode_png(tf.cast(tf.clip_by_value(smooth, 0, 255), tf.uint8)).numpy())
    names = [tensor._keras_history[0].name for tensor in pair.model.inputs]
    return {"inputs": [f"{name}={path}" for name in names] if len(names) > 1 else [str(path)], **settings}


FAMILIES: tuple[Callable[..., Iterator[Fault]], ...] = (
    tensor_name,
    custom_layer,
    version_drift,
    state_kept,
    hub_module,
    backend_kernel,
    pictures,
)
