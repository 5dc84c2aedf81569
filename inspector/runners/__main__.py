"""Run this folder with any Python that has TensorFlow: `PYTHON inspector/runners`."""

import importlib
import importlib.util
import os
import sys


def _import_package() -> None:
    """Import this folder as the package `runners`, whatever else lies on the path under that name."""
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != folder]
    spec = importlib.util.spec_from_file_location(
        "runners", os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    if spec is None or spec.loader is None:
        raise SystemExit("the runner's package is incomplete: " + folder)
    package = importlib.util.module_from_spec(spec)
    sys.modules["runners"] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":
    # numpy must start no threads: confinement reaches only the thread that asks for it and its children
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _import_package()
    if sys.argv[1:2] == ["--fork-server"]:
        importlib.import_module("runners.fork_server").main(sys.argv[2:])
    else:
        importlib.import_module("runners.handlers").main()
