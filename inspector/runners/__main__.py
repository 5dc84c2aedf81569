"""Run this folder with any Python that has TensorFlow: `PYTHON inspector/runners`."""

import importlib
import os
import sys
import types

HOUSE = "model_inspector_house"


def _enter_house() -> None:
    """Make the folder above a package of another name, whose `__init__` is not run: of it the runner sees itself
    and `graphs`, whatever else lies on the path under these names."""
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != folder]
    house = types.ModuleType(HOUSE)
    house.__path__ = [os.path.dirname(folder)]
    sys.modules[HOUSE] = house


if __name__ == "__main__":
    # numpy must start no threads: confinement reaches only the thread that asks for it and its children
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _enter_house()
    if sys.argv[1:2] == ["--fork-server"]:
        importlib.import_module(HOUSE + ".runners.fork_server").main(sys.argv[2:])
    else:
        importlib.import_module(HOUSE + ".runners.handlers").main()
