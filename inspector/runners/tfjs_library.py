"""Where TensorFlow.js is on this machine: it is installed at set-up and never fetched while running."""

import os
import sys
from typing import Dict

from .server import RequestError

VARIABLE = "MODEL_INSPECTOR_TFJS"
PACKAGES = ("@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm")
VERSION = "4.22.0"
_WASM = "@tensorflow/tfjs-backend-wasm/dist/"
LIBRARY = {
    "tf.min.js": "@tensorflow/tfjs/dist/tf.min.js",
    "tf-backend-wasm.min.js": _WASM + "tf-backend-wasm.min.js",
    "tfjs-backend-wasm.wasm": _WASM + "tfjs-backend-wasm.wasm",
    "tfjs-backend-wasm-simd.wasm": _WASM + "tfjs-backend-wasm-simd.wasm",
    "tfjs-backend-wasm-threaded-simd.wasm": _WASM + "tfjs-backend-wasm-threaded-simd.wasm",
}
PAGE = ("page.html", "page.js", "taps.js")


def library_files() -> Dict[str, str]:
    """The library's files and the page's own, by the path under which the page loads them.

    Raises FRAMEWORK_MISSING with the command that installs TensorFlow.js."""
    folder = _installed()
    found = {"/lib/" + name: os.path.join(folder, "node_modules", path) for name, path in LIBRARY.items()}
    found.update(("/" + name, os.path.join(_page_folder(), name)) for name in PAGE)
    return found


def default_folder() -> str:
    """Where set-up puts it for this interpreter."""
    return os.path.join(sys.prefix, "share", "model-inspector", "tfjs")


def _installed() -> str:
    folders = [folder for folder in (os.environ.get(VARIABLE, ""), default_folder()) if folder]
    for folder in folders:
        if all(os.path.isfile(os.path.join(folder, "node_modules", path)) for path in LIBRARY.values()):
            return folder
    raise RequestError(
        "FRAMEWORK_MISSING",
        "TensorFlow.js is not installed",
        folders[0],
        "npm install --prefix {} {}".format(folders[0], " ".join("{}@{}".format(name, VERSION) for name in PACKAGES)),
    )


def _page_folder() -> str:
    """`resources` lies inside the package in a wheel, beside it in a checkout."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = os.path.join(package, "resources", "tfjs")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "resources", "tfjs")
