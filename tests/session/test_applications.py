"""Pairs made on the spot from MobileNetV2 of both Keras; the other applications are in `make sweep`."""

from __future__ import annotations

import pytest
from applications import KERAS, MadePair, differing, make, opened, share_matched, wrongly_matched

from inspector.session.session import Session


@pytest.fixture(scope="module", params=[(KERAS[0], 4), (KERAS[1], 1)], ids=lambda param: f"{param[0]}-batch{param[1]}")
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MadePair:
    keras, batch = request.param
    return make(keras, "MobileNetV2", batch, tmp_path_factory.mktemp("application"))


def test_the_pair_is_the_same_and_every_layer_with_weights_is_matched_rightly(
    shared_session: Session, pair: MadePair
) -> None:
    session = opened(shared_session, pair, "model.pb")

    assert wrongly_matched(session.match(), pair) == []
    result = session.compare()
    assert result.verdict in ("same", "within-noise"), result.sentence
    assert differing(result) == []


def test_one_changed_epsilon_is_the_one_layer_named(shared_session: Session, pair: MadePair) -> None:
    result = opened(shared_session, pair, "epsilon.pb").compare()

    assert result.verdict == "different"
    assert differing(result) == [pair.facts["changed"]]
    assert f"`{pair.facts['changed']}`" in result.sentence
    assert result.findings[0].cause == "batchnorm-epsilon"
    assert result.findings[0].layer_a == pair.facts["changed"]


def test_without_names_nearly_every_layer_is_still_found(shared_session: Session, pair: MadePair) -> None:
    session = opened(shared_session, pair, "renamed.pb")
    result = session.compare()

    assert share_matched(session.match_by_values()) >= 0.95
    assert result.verdict in ("same", "within-noise")
    assert differing(result) == []
