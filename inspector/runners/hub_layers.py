"""`hub.KerasLayer` in a Keras model: tensorflow_hub's class, and the folder in which its module is cached."""

import hashlib
import importlib
import os
from typing import Any, Dict, Iterator, Tuple

from .server import RequestError

Config = Dict[str, Any]


def hub_layers(config: Any) -> Iterator[Tuple[str, Config]]:
    """Name and own config of each."""
    if isinstance(config, list):
        for item in config:
            for found in hub_layers(item):
                yield found
    if not isinstance(config, dict):
        return
    own = config.get("config")
    if config.get("class_name") == "KerasLayer" and isinstance(own, dict):
        yield str(own.get("name", "?")), own
    for item in config.values():
        for found in hub_layers(item):
            yield found


def supply_hub(config: Any, *, online: bool) -> Dict[str, Any]:
    """The class, by name, where the config has such a layer; handles become their cached folders, in place.

    Raises UNKNOWN_CLASS without tensorflow_hub, HUB_MODULE_MISSING for a module that is not cached."""
    layers = list(hub_layers(config))
    if not layers:
        return {}
    try:
        hub = importlib.import_module("tensorflow_hub")
    except ImportError as error:
        what = "layer {} is a hub.KerasLayer, and tensorflow_hub cannot be imported: {}".format(layers[0][0], error)
        todo = 'pip install tensorflow_hub "setuptools<81", which brings the pkg_resources that it needs.'
        raise RequestError("UNKNOWN_CLASS", what, layers[0][0], todo)
    for name, own in layers:
        own["handle"] = _local(str(own.get("handle", "")), name, online=online)
    return {"KerasLayer": hub.KerasLayer}


def _local(handle: str, name: str, *, online: bool) -> str:
    folder = os.path.join(_cache(), hashlib.sha1(handle.encode("utf-8")).hexdigest())  # noqa: S324 - Hub's own name
    for path in (handle, folder):
        if os.path.isdir(path):
            return path
    if online:
        return handle
    what = "the module {} of layer {} is not in {}".format(handle, name, folder)
    todo = "Load it once with tensorflow_hub, set TFHUB_CACHE_DIR to its cache, or allow the network (online=on)."
    raise RequestError("HUB_MODULE_MISSING", what, name, todo)


def _cache() -> str:
    """TMPDIR is the spill's here, so the system's own stands for it."""
    return os.environ.get("TFHUB_CACHE_DIR") or os.path.join(os.sep, "tmp", "tfhub_modules")
