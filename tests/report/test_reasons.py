"""What a verdict rests on, in sentences."""

from dataclasses import replace

import samples

from inspector.domain.files import Warn
from inspector.report.reasons import MEASURED, NOT_RUN, TITLES, reasons, renames, title


def texts(comparison):
    return [reason.text for reason in reasons(comparison)]


def test_the_same_within_rounding():
    """Five layers: introduced 0.2, 0.6375 and 0.3875 of 3.1e-7 and so on; noise floor of layer 3 is 3.1e-7 * 4/3."""
    found = reasons(samples.within_noise())
    assert [reason.text for reason in found] == [
        "Output probability differs by 4.20e-7 at most, within its noise floor of 5.00e-7.",
        (
            "No layer introduces more than rounding: block_0_depthwise comes nearest with 2.56e-7, its noise floor is"
            " 4.13e-7."
        ),
        "5 of 5 layers were compared.",
        "Against float64, over 5 layers: A is nearer in 5, B in 0; A's rounding is at most 1.03e-7, B's 1.55e-7.",
        "Watching changes nothing: the outputs of the runs with and without taps agree.",
        "3 of 3 weights are exactly equal, none differs.",
        "Undone, and no fault: 1 weight transposed.",
    ]
    assert found[1].layer == "block_0_depthwise"


def test_what_was_undone_is_counted():
    whole = samples.within_noise()
    first, second, *rest = whole.layers
    weight = replace(first.weights[0], relation="folded")
    layers = (
        replace(first, weights=(weight, weight), b="import/a/Conv2D:0"),
        replace(second, b=None, introduced=None, status="not-compared"),
        *rest,
    )
    output = replace(whole.outputs[0], axes=(0, 3, 1, 2))
    told = texts(replace(whole, layers=layers, outputs=(output,)))
    assert told[2] == "4 of 5 layers were compared, 1 could not be."
    assert told[-1] == (
        "Undone, and no fault: 1 weight transposed, 2 weights folded, 1 output turned to A's layout, 1 layer renamed,"
        " 1 layer without a tensor in B."
    )


def test_a_layer_that_what_follows_undoes_is_counted_and_never_called_the_nearest():
    whole = samples.within_noise()
    odd = replace(whole.layers[0], introduced=samples.metrics(0.3))
    told = texts(replace(whole, layers=(odd, *whole.layers[1:])))
    assert "block_0_depthwise comes nearest" in told[1]
    assert "1 layer written otherwise, which what follows undoes" in told[-1]


def test_watching_that_changes_something_is_never_said_to_change_nothing():
    warned = replace(samples.within_noise(), warnings=(Warn("WATCHING_CHANGES", "output y of side B changes"),))
    assert not [text for text in texts(warned) if text.startswith("Watching")]


def test_weights_that_differ_are_counted():
    whole = samples.within_noise()
    weight = replace(whole.layers[0].weights[0], relation="different")
    layers = (replace(whole.layers[0], weights=(weight,)), *whole.layers[1:])
    assert "1 of 3 weights differ, 2 are exactly equal." in texts(replace(whole, layers=layers))


def test_layers_that_differ_are_named():
    [named] = [reason for reason in reasons(samples.one_culprit()) if reason.layer]
    assert named.text == "block_2_expand_BN introduces 0.0242, its noise floor is 5.17e-7."
    assert named.layer == "block_2_expand_BN"


def test_no_layer_stands_for_many_outputs():
    whole = samples.within_noise()
    told = texts(replace(whole, outputs=whole.outputs * 5))
    assert told[3] == "Of 2 more outputs 2 are within their noise floor."


def test_the_title():
    assert title(samples.within_noise()) == TITLES["within-noise"] == "The same within rounding"
    assert title(samples.one_culprit()) == MEASURED
    bare = replace(samples.one_culprit(), findings=())
    assert title(bare) == TITLES["different"]
    note = replace(samples.one_culprit().findings[0], note_only=True)
    assert title(replace(bare, findings=(note,))) == TITLES["different"]


def test_without_a_run_only_weights_and_settings_are_spoken_of():
    whole = samples.within_noise()
    layers = tuple(
        replace(layer, status="not-compared", introduced=None, total=None, error_a=None, error_b=None)
        for layer in whole.layers
    )
    static = replace(whole, verdict="same", outputs=(), layers=layers)
    assert title(static) == NOT_RUN
    assert texts(static) == [
        "Told from weights and settings alone; 5 of 5 layers have a partner in B.",
        "3 of 3 weights are exactly equal, none differs.",
        "Undone, and no fault: 1 weight transposed.",
    ]


def test_not_comparable_gives_its_sentence():
    assert texts(samples.nothing_compared()) == [samples.nothing_compared().sentence]


def test_a_layer_is_renamed_when_no_part_of_the_name_stays():
    layer = samples.within_noise().layers[0]
    assert not renames(replace(layer, a="net/conv1", b="import/net_1/conv1/Conv2D:0"))
    assert renames(replace(layer, a="conv1", b="import/Conv2D_3:0"))
    assert not renames(replace(layer, b=None))
