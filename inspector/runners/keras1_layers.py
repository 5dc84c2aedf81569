"""Layers that Keras 2 dropped, with the numbers that Keras 1.2 computed.

Source: keras/layers/core.py, normalization.py, advanced_activations.py and engine/topology.py of Keras 1.2.2.
Written against the legacy Keras that is given, of any version.
"""

from typing import Any, Dict

import tensorflow as tf


def dropped_layers(keras: Any) -> Dict[str, Any]:
    """Class name to class. All classes ignore arguments that only training reads."""
    made = (_maxout, _highway, _shaped_relu, _parametric_softplus, _modal_batch_norm, _cosine)
    classes = [make(keras, _base(keras)) for make in made]
    return {kind.__name__: kind for kind in classes}


def _base(keras: Any) -> Any:
    class Kept(keras.layers.Layer):
        """Keeps its config's entries in `stated`."""

        def __init__(self, name: Any = None, **stated: Any) -> None:
            super(Kept, self).__init__(name=name)
            self.stated = stated

        def made(self, label: str, shape: Any, *, trainable: bool = True) -> Any:
            shape = [None if size is None else int(size) for size in shape]
            return self.add_weight(name=label, shape=shape, initializer="zeros", trainable=trainable)

        def activation(self, value: Any) -> Any:
            return keras.activations.get(self.stated.get("activation") or "linear")(value)

    return Kept


def _maxout(_keras: Any, base: Any) -> Any:
    class MaxoutDense(base):
        """The largest of `nb_feature` dense layers."""

        def build(self, shape: Any) -> None:
            features, units = self.stated.get("nb_feature", 4), self.stated["output_dim"]
            self.kernel = self.made("W", (features, shape[-1], units))
            self.bias = self.made("b", (features, units)) if self.stated.get("bias", True) else 0.0
            super(MaxoutDense, self).build(shape)

        def call(self, x: Any) -> Any:
            return tf.reduce_max(tf.einsum("bi,fio->bfo", x, self.kernel) + self.bias, axis=1)

        def compute_output_shape(self, shape: Any) -> Any:
            return shape[0], self.stated["output_dim"]

    return MaxoutDense


def _highway(_keras: Any, base: Any) -> Any:
    class Highway(base):
        """A dense layer and its input, mixed by a gate."""

        def build(self, shape: Any) -> None:
            square, biased = (shape[-1], shape[-1]), self.stated.get("bias", True)
            self.kernel, self.gate = self.made("W", square), self.made("W_carry", square)
            self.bias = self.made("b", square[:1]) if biased else 0.0
            self.gate_bias = self.made("b_carry", square[:1]) if biased else 0.0
            super(Highway, self).build(shape)

        def call(self, x: Any) -> Any:
            gate = tf.sigmoid(tf.matmul(x, self.gate) + self.gate_bias)
            return self.activation(tf.matmul(x, self.kernel) + self.bias) * gate + (1.0 - gate) * x

    return Highway


def _shaped_relu(_keras: Any, base: Any) -> Any:
    class SReLU(base):
        """Three straight pieces, each channel with its own ends and slopes."""

        def build(self, shape: Any) -> None:
            axes = self.stated.get("shared_axes") or []
            extents = [1 if axis + 1 in axes else size for axis, size in enumerate(shape[1:])]
            self.ends = [self.made(label, extents) for label in ("t_left", "a_left", "t_right", "a_right")]
            super(SReLU, self).build(shape)

        def call(self, x: Any) -> Any:
            left, left_slope, width, right_slope = self.ends
            right = left + tf.abs(width)
            inner = tf.minimum(tf.nn.relu(x - left), right - left) - left_slope * tf.nn.relu(left - x)
            return left + inner + tf.nn.relu(x - right) * right_slope

    return SReLU


def _parametric_softplus(_keras: Any, base: Any) -> Any:
    class ParametricSoftplus(base):
        """`alpha * log(1 + exp(beta * x))`."""

        def build(self, shape: Any) -> None:
            axes = self.stated.get("shared_axes") or []
            extents = [1 if axis + 1 in axes else size for axis, size in enumerate(shape[1:])]
            self.alphas, self.betas = self.made("alphas", extents), self.made("betas", extents)
            super(ParametricSoftplus, self).build(shape)

        def call(self, x: Any) -> Any:
            return tf.nn.softplus(self.betas * x) * self.alphas

    return ParametricSoftplus


def _modal_batch_norm(_keras: Any, base: Any) -> Any:
    class ModalBatchNormalization(base):
        """Mode 1 normalizes each sample over its last axis, mode 2 each batch by itself, also in inference."""

        def build(self, shape: Any) -> None:
            extent = (shape[self.stated.get("axis", -1)],)
            self.gamma, self.beta = self.made("gamma", extent), self.made("beta", extent)
            self.mean = self.made("running_mean", extent, trainable=False)
            self.variance = self.made("running_std", extent, trainable=False)
            super(ModalBatchNormalization, self).build(shape)

        def call(self, x: Any) -> Any:
            epsilon = self.stated.get("epsilon", 1e-3)
            if self.stated["mode"] == 1:
                mean, variance = tf.nn.moments(x, [-1], keepdims=True)
                return self.gamma * (x - mean) / (tf.sqrt(variance + epsilon) + epsilon) + self.beta
            axis = self.stated.get("axis", -1) % len(x.shape)
            axes = [other for other in range(len(x.shape)) if other != axis]
            mean, variance = tf.nn.moments(x, axes, keepdims=True)
            extents = [-1 if other == axis else 1 for other in range(len(x.shape))]
            gamma, beta = (tf.reshape(weight, extents) for weight in (self.gamma, self.beta))
            return tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)

    return ModalBatchNormalization


def _cosine(_keras: Any, base: Any) -> Any:
    class CosineMerge(base):
        """The cosine of two rows of numbers, as batch x 1 x 1."""

        def call(self, inputs: Any) -> Any:
            left, right = inputs
            product = tf.reduce_sum(left * right, axis=-1, keepdims=True)
            squares = tf.reduce_sum(left * left, -1, keepdims=True) * tf.reduce_sum(right * right, -1, keepdims=True)
            return tf.expand_dims(product / tf.maximum(tf.sqrt(squares), 1e-7), 1)

    return CosineMerge
