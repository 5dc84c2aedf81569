"""`model-inspector convert`: a model file in another form, with the proof that it computes the same."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from inspector.domain.options import SideOptions
    from inspector.session.conversion import Target
    from inspector.session.settings import Settings

FILE = click.Path(path_type=Path)
FORMS = (
    "frozen, saved_model, keras, h5, tflite, tflite-float16, tflite-dynamic, tflite-int8, tfjs-layers, tfjs-graph; "
    "by OUT's ending when left out."
)
KEEP = "Layers that int8 leaves in float, with commas between them, or worst:N."


@click.command()
@click.argument("a", type=FILE)
@click.argument("out", type=FILE)
@click.option("--to", "form", default="", metavar="FORM", help=FORMS)
@click.option("--input", "inputs", multiple=True, metavar="SPEC", help="Inputs of the proof; random ones come as well.")
@click.option("--name-input", "names_in", multiple=True, metavar="OLD=NEW", help="Another name for an input.")
@click.option("--name-output", "names_out", multiple=True, metavar="OLD=NEW", help="Another name for an output.")
@click.option("--batch", metavar="N|open", default="", help="How many samples it takes; as the model when left out.")
@click.option("--fold", is_flag=True, help="Fold batch norm into convolution and dense layers.")
@click.option("--signature", default="", metavar="NAME", help="A SavedModel's: serving_default when left out.")
@click.option("--preprocess", default="", metavar="P", help="A pipeline that is put inside (a SavedModel's).")
@click.option("--representative", multiple=True, metavar="SPEC", help="int8: the inputs whose ranges are taken.")
@click.option("--keep-float", multiple=True, metavar="LAYER[,..]", help=KEEP)
@click.option("--tolerance", type=float, metavar="X", help="The largest difference of an output that is allowed.")
@click.option("--sqnr", type=float, metavar="DB", help="The least signal to noise of an output, in dB.")
@click.option("--low", default=0.0, show_default=True, help="Lower end of random numbers.")
@click.option("--high", default=1.0, show_default=True, help="Upper end of random numbers.")
@click.option("--overwrite", is_flag=True, help="Replace what is there already.")
@click.option("--python", default="", metavar="EXE", help="The Python that runs A and converts it.")
@click.option("--set", "words", multiple=True, metavar="NAME=VALUE", help="An option of A, such as architecture=FILE.")
@click.option("--custom", type=FILE, metavar="FILE.py", help="Custom layers; the file is run.")
@click.option("--trust", is_flag=True, help="Let A run its own code (Lambda layers).")
def convert(a: Path, out: Path, **given: Any) -> int:
    """Write A as OUT in another form, open OUT, and compare the two: exit status 1 when they differ.

    Beside OUT stand a text with its names and the code that runs it, and the report of the comparison.
    """
    from inspector.report.conversion import print_converted, print_plan, write_reports
    from inspector.report.terminal import console, progress
    from inspector.session.convert import Conversion

    target, settings, options = _target(out, given), _settings(given), _options(given)
    with Conversion(a, target, options=options, settings=settings) as conversion:
        print_plan(conversion.plan(), console(sys.stderr))
        with progress() as told:
            converted = conversion.run(write_reports, told)
    print_converted(converted, console())
    return 0 if converted.good else 1


def _target(out: Path, given: dict[str, Any]) -> Target:
    from inspector.session.conversion import Target, form_of

    batch = given["batch"]
    if batch not in ("", "open") and not (batch.isdecimal() and int(batch) > 0):
        raise click.UsageError("--batch takes a number from 1 on, or open")
    return Target(
        out=out,
        form=form_of(out, given["form"]),
        inputs=_names(given["names_in"]),
        outputs=_names(given["names_out"]),
        batch=batch,
        fold=given["fold"],
        signature=given["signature"],
        preprocess=given["preprocess"],
        representative=given["representative"],
        keep_float=tuple(name for word in given["keep_float"] for name in word.split(",") if name),
        tolerance=given["tolerance"],
        sqnr=given["sqnr"],
        overwrite=given["overwrite"],
    )


def _settings(given: dict[str, Any]) -> Settings:
    from inspector.session.settings import Settings

    plain = Settings()
    return Settings(
        inputs=given["inputs"] or plain.inputs,
        preprocess_a=given["preprocess"],
        low=given["low"],
        high=given["high"],
    )


def _options(given: dict[str, Any]) -> SideOptions:
    from inspector.domain.errors import InspectorError
    from inspector.domain.options import SideOptions
    from inspector.session.option_text import with_words

    custom = given["custom"]
    if custom is not None and not custom.exists():
        raise InspectorError("NOT_FOUND", "there is no such file", where=str(custom), todo="Check the path.")
    options = SideOptions(
        python=given["python"],
        trust=given["trust"],
        custom=str(custom.absolute()) if custom is not None else "",
    )
    return with_words(options, given["words"])


def _names(words: tuple[str, ...]) -> dict[str, str]:
    """`OLD=NEW` words. Raises UsageError."""
    pairs = [word.rpartition("=") for word in words]
    if any(not old or not new for old, _, new in pairs):
        raise click.UsageError("a name is given as OLD=NEW")
    return {old: new for old, _, new in pairs}
