"""docs/command.md tells every sub-command and option there is."""

import click

from inspector.cli import command


def test_every_option_is_documented(root):
    text = (root / "docs" / "command.md").read_text()
    for name, sub in command.commands.items():
        if name == "window":
            continue
        assert f"model-inspector {name} " in text
        options = [option for option in sub.params if isinstance(option, click.Option)]
        assert not [word for option in options for word in option.opts if f"`{word}" not in text]
