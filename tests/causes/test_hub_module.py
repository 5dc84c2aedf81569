"""Parts of TF Hub modules: tags, signatures, and the range of images."""

from __future__ import annotations

import numpy as np
import pytest
from port_cases import Ports

from inspector.causes.hub_module import suspect
from inspector.domain.files import Choice

IMAGE = np.full((1, 4, 4, 3), 200.0, np.float32)


def sides(a: tuple[Choice, ...], b: tuple[Choice, ...], **more) -> list:
    made = Ports(choices=(a, b), **more).gives("out", "out:0", np.zeros(3), np.ones(3))
    return list(suspect(made.case()))


def tags(text: str) -> tuple[Choice, ...]:
    return (Choice(name="tags", title="Tags", values=("serve", "serve,train"), chosen=text),)


def signature(text: str) -> tuple[Choice, ...]:
    return (Choice(name="signature", title="Signature", values=(), chosen=text),)


def test_tags_for_training_against_tags_for_serving() -> None:
    (found,) = sides(tags("serve"), tags("serve,train"))
    assert found.title == "A runs the tags `serve`, B the tags `serve,train`"
    assert found.confidence > 0.9
    assert found.trial is not None
    assert found.trial.options_b == {"choices": {"tags": "serve"}}
    assert found.mend == "choose the same tags on both sides: --set-b tags=serve"


def test_tags_of_a_device_are_hardly_a_reason() -> None:
    (found,) = sides(tags("serve"), tags("serve,tpu"))
    assert found.confidence < 0.5


def test_a_file_that_is_for_training_alone() -> None:
    (found,) = sides((), (), facts=((("Tags", "serve"),), (("Tags", "train"),)))
    assert found.title == "B is the module's graph for training"


@pytest.mark.parametrize(("paths", "count"), [(("m", "m"), 1), (("m", "n"), 0)])
def test_signatures_mean_something_within_one_file(paths: tuple[str, str], count: int) -> None:
    assert len(sides(signature("default"), signature("features"), path=paths)) == count


def test_a_module_that_is_fed_up_to_255_is_tried_with_less() -> None:
    made = Ports(title=("SavedModel", "TF Hub module (TensorFlow 1)")).fed("image", IMAGE)
    (found,) = suspect(made.gives("out", "out:0", np.zeros(3), np.ones(3)).case())
    assert found.needs_proof
    assert found.trial is not None
    assert found.trial.feeds_b is not None
    assert np.allclose(found.trial.feeds_b["image:0"], IMAGE / 255)


def test_equal_parts_and_images_in_range_are_no_suspicion() -> None:
    assert sides(tags("serve"), tags("serve")) == []
    made = Ports(title=("", "TF Hub module (TensorFlow 1)")).fed("image", IMAGE / 255)
    assert list(suspect(made.gives("out", "out:0", np.zeros(3), np.ones(3)).case())) == []
