"""Options of a side as words of the command."""

from __future__ import annotations

import pytest

from inspector.domain.errors import InspectorError
from inspector.domain.options import SideOptions
from inspector.session.option_text import in_words, with_words


def test_words_become_options_and_options_words() -> None:
    words = ("signature=serve", "threads=2", "seed=0", "onednn=off", "xla=on", "optimise=off")

    options = with_words(SideOptions(), words)

    assert options == SideOptions(
        choices={"signature": "serve"}, threads=2, seed=0, onednn=False, xla=True, optimise=False
    )
    assert with_words(SideOptions(), in_words(options)) == options
    assert in_words(SideOptions()) == ()


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("thread=1", "no such option [thread=1]. Options are signature"),
        ("threads=0", "threads is a whole number from 1 on"),
        ("threads=two", "threads is a whole number from 1 on"),
        ("xla=maybe", "xla is on or off"),
        ("xla", "an option is NAME=VALUE"),
    ],
)
def test_a_wrong_word_is_named(word: str, says: str) -> None:
    with pytest.raises(InspectorError) as caught:
        with_words(SideOptions(), (word,))
    assert caught.value.code == "BAD_OPTION"
    assert says in str(caught.value)
