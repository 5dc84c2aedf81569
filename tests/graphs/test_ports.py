"""What goes into a graph and what comes out of it, with and without a training part."""

from __future__ import annotations

import pytest
from written import inference

from inspector.graphs.ports import needs_flattening

NET = """
    x = Placeholder float32
    w = VariableV2
    b = VariableV2
    product = MatMul(x, w)
    logits = BiasAdd(product, b)
"""
FROZEN = NET.replace("VariableV2", "Const")
TRAINED = """
    update = ApplyAdam(w, b, gradients/Sum)
    gradients/Sum = Sum(gradients/Mul, axes)
    gradients/Mul = Mul(loss, b)
"""
SCORE = """
    best = ArgMax(scores, axes)
    right = Equal(best, y)
    hits = Mean(right, axes)
"""
ALL = "axes = Const [0, 1]"


def ports(text: str):
    return inference(text).ports


def test_a_frozen_graph_gives_what_nobody_reads() -> None:
    found = ports(FROZEN + "scores = Softmax(logits)")
    assert (found.inputs, found.outputs, found.trains) == (["x:0"], ["scores:0"], False)


def test_several_outputs_stand_in_the_order_of_the_file() -> None:
    found = ports(
        FROZEN + "second = Softmax(logits)\n first = Sigmoid(logits)\n parts = Split(d, logits) 3\n d = Const [1]"
    )
    assert found.outputs == ["second:0", "first:0", "parts:0", "parts:1", "parts:2"]


LOOP = """
    loop/counter = Identity(x)
    loop/body_control = Identity(loop/counter)
    loop/input_control = NoOp(^loop/body_control)
    loop/step = Relu(logits, ^loop/input_control)
"""


def test_what_only_control_edges_read_is_no_output() -> None:
    """As TensorFlow lowers a while loop: `loop_body_control`."""
    assert ports(FROZEN + LOOP).outputs == ["loop/step:0"]


def test_a_node_that_only_groups_is_no_reader() -> None:
    assert ports(FROZEN + "all = NoOp(^logits)").outputs == ["logits:0"]


def test_nodes_in_loops_and_branches_are_no_outputs() -> None:
    inside = "enter = Enter(logits)\n dead = Relu(enter)\n p = Const [1]\n s = Switch(logits, p)\n off = Relu(s:1)"
    assert ports(FROZEN + inside + "\n end = Softmax(logits)").outputs == ["end:0"]


@pytest.mark.parametrize("op", ["ArgMax", "Mean", "Log", "Abs", "Cast", "TopKV2"])
def test_without_training_the_last_op_is_the_output_whatever_it_is(op: str) -> None:
    assert ports(f"{FROZEN} axes = Const [0]\n end = {op}(logits, axes)").outputs == ["end:0"]


def test_a_second_input_that_meets_no_weight_is_an_input_all_the_same() -> None:
    found = ports(FROZEN + "mask = Placeholder float32\n masked = Mul(logits, mask)")
    assert (found.inputs, found.outputs) == (["x:0", "mask:0"], ["masked:0"])


def test_an_input_of_which_a_mean_goes_into_the_net() -> None:
    style = "style = Placeholder float32\n axes = Const [0]\n mean = Mean(style, axes)\n moved = Add(logits, mean)"
    found = ports(FROZEN + style)
    assert (found.inputs, found.outputs, found.trains) == (["x:0", "style:0"], ["moved:0"], False)


def test_an_input_of_which_only_the_shape_is_read() -> None:
    found = ports(FROZEN + "like = Placeholder float32\n size = Shape(like)\n end = Reshape(logits, size)")
    assert (found.inputs, found.outputs) == (["x:0", "like:0"], ["end:0"])


LOSSES = {
    "one op": "scores = Softmax(logits)\n loss = SparseSoftmaxCrossEntropyWithLogits(logits, y)",
    "written out": """scores = Softmax(logits)
        tiny = Const [1e-9]
        clipped = Maximum(scores, tiny)
        log = Log(clipped)
        times = Mul(log, y)
        loss = Sum(times, axes)""",
    "squares": "scores = Identity(logits)\n off = Sub(logits, y)\n squares = Square(off)\n loss = Mean(squares, axes)",
    "sigmoid": """scores = Sigmoid(logits)
        z = ZerosLike(logits)
        over = GreaterEqual(logits, z)
        kept = Select(over, logits, z)
        minus = Neg(logits)
        small = Select(over, minus, logits)
        times = Mul(logits, y)
        rest = Sub(kept, times)
        grown = Exp(small)
        log = Log1p(grown)
        each = Add(rest, log)
        loss = Mean(each, axes)""",
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("net", [NET + TRAINED, FROZEN])
@pytest.mark.parametrize("score", ["", SCORE])
def test_nothing_of_the_loss_is_an_output(net: str, loss: str, score: str) -> None:
    found = ports(f"{net}\n{ALL}\n y = Placeholder float32\n {LOSSES[loss]}\n {score}")
    assert (found.inputs, found.outputs, found.trains) == (["x:0"], ["scores:0"], True)


def test_a_loss_without_labels() -> None:
    """As in shared/models/pairs/puzzle-training-graph: what is learned is a constant."""
    loss = "goal = Const [0, 1]\n off = Sub(logits, goal)\n size = Abs(off)\n loss = Mean(size, axes)"
    assert ports(f"{NET}\n{ALL}\n{TRAINED}\n{loss}").outputs == ["logits:0"]


def test_summaries_and_moving_averages_are_no_outputs() -> None:
    shown = """scores = Softmax(act)
        act = Relu(logits)
        tag = Const
        h = HistogramSummary(tag, act)
        zeros = Equal(act, goal)
        goal = Const [0]
        dead = Mean(zeros, axes)
        s = ScalarSummary(tag, dead)
        decay = Const [0.1]
        step = Mul(product, decay)
        shadow = AssignSub(b, step)
        loss = L2Loss(w)"""
    assert ports(f"{NET}\n{ALL}\n{TRAINED}\n{shown}").outputs == ["scores:0"]


def test_a_net_that_was_built_in_a_scope_called_train() -> None:
    scoped = NET.replace("product", "train/product").replace("logits", "train/logits")
    loss = "y = Placeholder float32\n loss = SparseSoftmaxCrossEntropyWithLogits(train/logits, y)"
    found = ports(f"{scoped}\n{ALL}\n{TRAINED}\n{loss}")
    assert (found.inputs, found.outputs) == (["x:0"], ["train/logits:0"])


@pytest.mark.parametrize("tensor", ["batch:0", "batch:1"])
def test_a_net_that_is_fed_from_a_queue(tensor: str) -> None:
    other = "batch:1" if tensor == "batch:0" else "batch:0"
    loss = f"loss = SparseSoftmaxCrossEntropyWithLogits(logits, {other})"
    queue = "queue = FIFOQueueV2\n batch = QueueDequeueManyV2(queue, n)\n n = Const [4]"
    text = f"{NET.replace('x = Placeholder float32', queue).replace('MatMul(x,', f'MatMul({tensor},')}\n{loss}"
    found = ports(text)
    assert (found.inputs, found.outputs) == ([tensor], ["logits:0"])


def test_a_placeholder_with_a_default_is_fed_only_where_nothing_else_is() -> None:
    with_default = FROZEN.replace("x = Placeholder float32", "x = PlaceholderWithDefault(d) float32\n d = Const")
    assert ports(with_default).inputs == ["x:0"]
    found = ports(FROZEN + "d = Const\n state = PlaceholderWithDefault(d) float32\n end = Add(logits, state)")
    assert (found.inputs, found.defaults) == (["x:0"], frozenset({"state"}))


@pytest.mark.parametrize(
    ("line", "phase"),
    [
        ("keras_learning_phase = Placeholder uint8", True),  # Keras 1
        ("bn/is_training = Placeholder bool", True),
        ("flag = Placeholder bool\n no = LogicalNot(flag)\n s = Switch(product, no)\n m = Merge(s:0, s:1)", True),
        ("flag = Placeholder bool\n picked = Select(flag, product, logits)", False),  # a mask
        ("flag = Placeholder bool\n number = Cast(flag)\n end = Mul(number, logits)", False),
    ],
)
def test_a_learning_phase_chooses_and_does_nothing_else(line: str, phase: bool) -> None:
    found = ports(f"{FROZEN}\n{line}")
    name = line.partition(" ")[0]
    assert (name in found.phases, f"{name}:0" in found.inputs) == (phase, not phase)


def test_a_plain_frozen_graph_runs_as_its_file_has_it() -> None:
    found = inference(FROZEN)
    assert not needs_flattening(found, found.nodes, ())
    called = inference(FROZEN + "end = PartitionedCall(logits)")
    assert needs_flattening(called, called.nodes, ())
