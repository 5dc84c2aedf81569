"""The command. It starts fast: a sub-command imports what it needs when it runs.

Exit status: 0 the same within the noise floor, 1 they differ, 2 it could not be done, 130 stopped by Ctrl+C.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from inspector.cli_convert import convert
from inspector.domain.errors import Cancelled, InspectorError

if TYPE_CHECKING:
    from inspector.domain.files import ModelFile
    from inspector.domain.options import SideOptions
    from inspector.session.session import Session
    from inspector.workers.reader_client import Reader

SAME, DIFFERENT, FAILED, STOPPED, PIPE_CLOSED = 0, 1, 2, 130, 141
NAME = "model-inspector"
DEMO_IMAGE = "digits/digit_4.png"  # one that the faulty graph reads as another digit
SETTINGS = ("preprocess_a", "preprocess_b", "low", "high", "batch", "outputs")
Decorated = Callable[..., Any]


def main(arguments: list[str] | None = None) -> NoReturn:
    """The entry point: everything that goes wrong ends as one line on standard error."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that children are ended too
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name is printed in any locale
    try:
        status = command.main(arguments, prog_name=NAME, standalone_mode=False)
    except _PipeClosedError:
        # Whoever read us has gone; nothing may be written any more, not even at the end of Python.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = PIPE_CLOSED
    except (KeyboardInterrupt, click.Abort, Cancelled):
        status = STOPPED
    except click.ClickException as error:
        status = _failed(_usage(error))
    except Exception as error:  # noqa: BLE001 - the boundary of the program: one line, not a page
        status = _failed(error)
    sys.exit(status if isinstance(status, int) else SAME)


class _PipeClosedError(Exception):
    """In place of BrokenPipeError, which click would turn into the exit status of a difference."""


class _Command(click.Group):
    """A group that takes a first word which is no sub-command for the files of the window."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = args and (args[0] in self.commands or args[0] in ("--help", "--version"))
        return super().parse_args(ctx, args if known else ["window", *args])

    def invoke(self, ctx: click.Context) -> object:
        try:
            status: object = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise _PipeClosedError from error
        return status


@click.group(cls=_Command, context_settings={"help_option_names": ["--help", "-h"]})
@click.version_option(package_name="model-inspector", message="%(prog)s %(version)s")
def command() -> None:
    """Show where and why two files of one model compute different numbers.

    Without a sub-command the window opens:  model-inspector [A [B]] [--input FILE]
    """


FILE = click.Path(path_type=Path)
INPUTS = (
    "random[:seed], zeros, ones, text:WORDS, an image, a folder of images, .npy, .npz, .csv or file.h5#/path;"
    " name=SPEC for one of several inputs."
)


OPTIONS = (
    "signature, tags, architecture; threads, batch, seed (numbers); onednn, xla, optimise, float64, training, "
    "twice, online (on, off)."
)


def _run_options(function: Decorated) -> Decorated:
    """What every sub-command that runs two sides takes."""
    for option in reversed(
        (
            click.option("--input", "inputs", multiple=True, metavar="SPEC", help=INPUTS),
            click.option("--preprocess-a", default="", metavar="P", help="A's pipeline: 'bgr | scale 1/255'."),
            click.option("--preprocess-b", default="", metavar="P", help="B's pipeline."),
            click.option("--python-a", metavar="EXE", help="The Python that runs A, any with its framework."),
            click.option("--python-b", metavar="EXE", help="The Python that runs B."),
            click.option("--backend-a", metavar="NAME", help="TensorFlow.js's backend for A: webgl, wasm or cpu."),
            click.option("--backend-b", metavar="NAME", help="The backend for B."),
            click.option("--set-a", multiple=True, metavar="NAME=VALUE", help=f"An option of side A. {OPTIONS}"),
            click.option("--set-b", multiple=True, metavar="NAME=VALUE", help="An option of side B."),
            click.option("--custom", type=FILE, metavar="FILE.py", help="Custom layers; the file is run."),
            click.option("--trust", is_flag=True, help="Let the files run their own code (Lambda layers)."),
            click.option("--low", default=0.0, show_default=True, help="Lower end of random numbers."),
            click.option("--high", default=1.0, show_default=True, help="Upper end of random numbers."),
            click.option("--batch", type=click.IntRange(min=1), help="How many samples."),
        )
    ):
        function = option(function)
    return function


@command.command("window", hidden=True)
@click.argument("paths", nargs=-1, type=FILE)
@click.option("--input", "inputs", multiple=True, metavar="SPEC", help=INPUTS)
def window(paths: tuple[Path, ...], inputs: tuple[str, ...]) -> int:
    """Open the window, on no, one or two model files."""
    for path in paths:
        if not path.exists():
            raise _no_such(path)
    if len(paths) > 2:
        raise click.UsageError(f"two files at most, {len(paths)} were given")
    if not _has_display() and "QT_QPA_PLATFORM" not in os.environ:
        raise InspectorError("NO_DISPLAY", "there is no display for a window", todo=f"Try {NAME} compare.")
    return _window([str(path.absolute()) for path in paths], list(inputs))


@command.command()
@click.option("--out", type=FILE, default=Path("out"), help="Without a display: the folder to write to.")
def demo(out: Path) -> int:
    """Open the window on the demo pair. With no display: write the reports and a picture of the window."""
    from inspector.domain.resources import resource

    a, b, image = (resource("demo", name) for name in ("digits.h5", "digits_faulty.pb", DEMO_IMAGE))
    if _has_display():
        return _window([str(a), str(b)], [str(image)])
    return _demo_files(a, b, image, out)


@command.command()
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def tree(file: Path, as_json: bool) -> None:  # noqa: FBT001 - click calls by keyword
    """Print the structure of FILE: groups, datasets, layers, nodes, tensors."""
    from inspector.domain.wording import visible
    from inspector.report.structure_report import tree_json, walk
    from inspector.report.terminal import entry_line

    with _reading(file) as (opened, reader):
        if as_json:
            click.echo(tree_json(opened, reader.children).encode(), nl=False)
            return
        click.echo(f"{visible(file.name)}  {opened.title}")
        for depth, entry in walk(reader.children):
            click.echo(entry_line(entry, depth))


@command.command()
@click.argument("file", type=FILE)
@click.argument("query", required=False)
@click.option("--like", type=FILE, metavar="X.npy", help="Find the tensors whose value is this array.")
@click.option("--input", "inputs", multiple=True, metavar="SPEC", help=f"With --like: {INPUTS}")
@click.option("--preprocess", default="", metavar="P", help="With --like: the pipeline, such as '/255'.")
@click.option("--python", metavar="EXE", help="With --like: the Python that runs the file.")
@click.option("--trust", is_flag=True, help="With --like: let the file run code of its own.")
@click.option("--limit", default=50, show_default=True, help="How many hits at most.")
def find(file: Path, query: str | None, like: Path | None, limit: int, **run: Any) -> int:
    """Find tensors of FILE by name, op, shape (3x3x32) or dtype; or by value, with --like."""
    if (query is None) == (like is None):
        raise click.UsageError("give either a QUERY or --like X.npy")
    if like is not None:
        return _find_like(file, like, limit, **run)
    from inspector.report.terminal import console, print_found

    with _reading(file) as (_, reader):
        found = reader.search(query or "", limit)
    return _told(found, lambda: print_found(found, console()))


@command.command("map")
@click.argument("a", type=FILE)
@click.argument("b", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_run_options
def map_command(a: Path, b: Path, as_json: bool, **run: Any) -> None:  # noqa: FBT001 - click calls by keyword
    """Print which tensor of B is which layer of A, with the evidence; with --input, that of values too."""
    from inspector.report.structure_report import map_json
    from inspector.report.terminal import console, print_map, progress

    with _session(a, b, runs=bool(run["inputs"]), **run) as session, progress() as told:
        assignment = session.match_by_values(told) if run["inputs"] else session.match(told)
    if as_json:
        click.echo(map_json(assignment).encode(), nl=False)
    else:
        print_map(assignment, console())


@command.command()
@click.argument("a", type=FILE)
@click.argument("b", type=FILE)
@_run_options
@click.option(
    "--outputs",
    type=click.Choice(["by-order", "by-value"]),
    default="by-order",
    show_default=True,
    help="Whether outputs that stand in another order in B, with no names, make a difference.",
)
@click.option("--json", "json_out", metavar="OUT", help="Write the JSON report; - for standard output.")
@click.option("--html", "html_out", type=FILE, metavar="OUT", help="Write the report as one HTML page.")
@click.option("--static", is_flag=True, help="Compare weights and settings only; nothing is run.")
def compare(a: Path, b: Path, json_out: str | None, html_out: Path | None, **run: Any) -> int:
    """Run A and B on the same input and say where they differ, layer by layer."""
    from inspector.report.deliver import deliver, require_folders
    from inspector.report.terminal import progress

    require_folders(json_out, html_out)
    if run["static"] and run["inputs"]:
        raise click.UsageError("--static runs nothing: it takes no --input")
    with _session(a, b, runs=not run["static"], **run) as session, progress() as told:
        comparison = session.compare(told)
    deliver(comparison, json_out=json_out, html_out=html_out)
    return DIFFERENT if comparison.verdict == "different" else SAME


command.add_command(convert)


def _told(hits: Sequence[object], show: Callable[[], None]) -> int:
    if hits:
        show()
        return SAME
    click.echo("nothing was found", err=True)
    return DIFFERENT


def _find_like(
    file: Path,
    like: Path,
    limit: int,
    *,
    inputs: tuple[str, ...],
    preprocess: str,
    python: str | None,
    trust: bool,
) -> int:
    from inspector.domain.options import SideOptions
    from inspector.report.terminal import console, print_hits, progress
    from inspector.session.arrays import load_npy
    from inspector.session.session import Session
    from inspector.session.settings import Settings

    _require(like)
    wanted = load_npy(like)
    options = SideOptions(python=python or "", trust=trust)
    with Session(options_a=options) as session, progress() as told:
        known = inputs or Settings().inputs
        session.settings = Settings(inputs=known, preprocess_a=preprocess, preprocess_b=preprocess)
        session.open("a", file.absolute())
        hits = session.find_like("a", wanted, told, limit=limit)
    return _told(hits, lambda: print_hits(hits, console()))


def _demo_files(a: Path, b: Path, image: Path, out: Path) -> int:
    """Write report.html, report.json and window.png into the folder `out`, and say where they are."""
    from inspector.report.html_report import write_html
    from inspector.report.json_report import write_json
    from inspector.report.terminal import progress

    out.mkdir(parents=True, exist_ok=True)
    with _session(a, b, inputs=(str(image),)) as session, progress() as told:
        comparison = session.compare(told)
    write_html(comparison, out / "report.html")
    write_json(comparison, out / "report.json")
    _window_picture(a, b, image, out / "window.png")
    click.echo(comparison.sentence)
    for name in ("report.html", "report.json", "window.png"):
        click.echo(str(out / name))
    return SAME


def _window_picture(a: Path, b: Path, image: Path, picture: Path) -> None:
    """Let the real window do it, without a display, in a process of its own: Qt stays out of this one."""
    import subprocess

    script = "import sys; from inspector.gui.app import demo_picture; demo_picture(*sys.argv[1:])"
    words = [sys.executable, "-c", script, *map(str, (a, b, image, picture))]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    drawn = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    if drawn.returncode != 0:
        last = (drawn.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise InspectorError(
            "NO_PICTURE",
            f"the window could not be drawn: {last}",
            where=str(picture),
            todo="Debian's Qt libraries are named in packaging/.",
        )


def _window(paths: list[str], inputs: list[str]) -> int:
    from inspector.gui.start import start

    return start(paths, inputs)


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[tuple[ModelFile, Reader]]:
    """A reader with the file open, for structure alone."""
    from inspector.workers.reader_client import Reader

    reader = Reader("reader")
    try:
        yield reader.open(str(file.absolute())), reader
    finally:
        reader.close()


@contextlib.contextmanager
def _session(
    a: Path,
    b: Path,
    *,
    inputs: tuple[str, ...],
    runs: bool = True,
    **others: Any,
) -> Iterator[Session]:
    """A session with both files open and the settings of the command; one that runs loads them at once."""
    from inspector.session.session import Session
    from inspector.session.settings import Settings
    from inspector.session.static_session import StaticSession

    options_a, options_b = (_side_options(side, others) for side in ("a", "b"))
    numbers = {name: value for name, value in others.items() if name in SETTINGS}
    kind = StaticSession if others.get("static") else Session
    with kind(options_a=options_a, options_b=options_b) as session:
        session.settings = Settings(inputs=inputs or Settings().inputs, **numbers)
        session.open("a", a.absolute())
        session.open("b", b.absolute())
        if runs:
            session.warm()
        yield session


def _side_options(side: str, given: Mapping[str, Any]) -> SideOptions:
    from inspector.domain.options import SideOptions
    from inspector.session.option_text import with_words

    custom, backend = given.get("custom"), given.get(f"backend_{side}")
    if custom is not None:
        _require(custom)
    options = SideOptions(
        python=given.get(f"python_{side}") or "",
        trust=bool(given.get("trust")),
        custom=str(custom.absolute()) if custom is not None else "",
        choices={"backend": backend} if backend else {},
    )
    return with_words(options, given.get(f"set_{side}") or ())


def _require(path: Path) -> None:
    if not path.exists():
        raise InspectorError("NOT_FOUND", "there is no such file", where=str(path), todo="Check the path.")


def _no_such(path: Path) -> InspectorError:
    near = difflib.get_close_matches(str(path), [name for name in command.commands if name != "window"], n=1)
    todo = f"Did you mean {NAME} {near[0]}?" if near else f"See {NAME} --help."
    return InspectorError("NOT_FOUND", "there is no such file or command", where=str(path), todo=todo)


def _failed(error: Exception) -> int:
    from inspector.report.failure import failure_line

    print(failure_line(error), file=sys.stderr)
    return FAILED


def _usage(error: click.ClickException) -> InspectorError:
    context = getattr(error, "ctx", None)
    path = context.command_path.removesuffix(" window") if context is not None else NAME
    what = error.format_message().rstrip(".")
    return InspectorError("BAD_USAGE", what, where=path, todo=f"See {path} --help.")


if __name__ == "__main__":
    main()
