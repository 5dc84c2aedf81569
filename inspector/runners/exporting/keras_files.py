"""Keras's own files, written by the Keras that loaded the model, with nothing in them that says when."""

import json
import os
import warnings
import zipfile
from typing import Any, Dict, List

from ..adapter import Adapter
from ..graph_side import static_shape
from ..messages import reason
from .request import Named, Wish, Written, cannot, note

FILES = {"keras": "model.keras", "h5": "model.h5"}
FIXED = (1980, 1, 1, 0, 0, 0)  # the first date that a zip knows
METADATA, SAVED = "metadata.json", "date_saved"
CONFIG, SHARED = "config.json", "shared_object_id"


def write(side: Adapter, _wish: Wish, folder: str, form: str) -> Written:
    """Write `model.keras` or `model.h5`, without the optimizer. Raises CANNOT_CONVERT."""
    model = keras_model(side)
    path = os.path.join(folder, FILES[form])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that HDF5 is old is known to who asks for it
            model.save(path, **_how(side, form))
    except OSError:
        raise
    except Exception as error:  # Keras raises anything: what it says is all there is to know
        raise cannot("Keras cannot write the model: " + reason(error), form, "Convert it to another form.")
    if form == "keras":
        if not zipfile.is_zipfile(path):
            raise cannot("the Keras of this Python does not know .keras files", form, "Write .h5.")
        without_dates(path)
    own = own_classes(model)
    notes = []
    if own:
        text = "no Keras has these layers, so the file needs their code to be loaded: {}".format(", ".join(own[:5]))
        notes.append(note("OWN_CLASSES", text))
    return Written(path, ports(side, "inputs"), ports(side, "outputs"), [], notes, {"module": module_of(side)})


def keras_model(side: Adapter) -> Any:
    """The Keras model that a side runs. Raises CANNOT_CONVERT where there is none."""
    model = getattr(side, "model", None)
    if model is None:
        todo = "Convert the Keras file that it was made from."
        raise cannot("{} is no Keras model".format(side.framework), "", todo)
    return model


def module_of(side: Any) -> str:
    """What a program imports as `keras` to load the file."""
    name = str(side.keras.__name__)
    return name if name in ("keras", "tf_keras") else "tensorflow.keras"


def _how(side: Any, form: str) -> Dict[str, Any]:
    """The optimizer can be left out of HDF5 files only; a model that was not compiled has none."""
    words: Dict[str, Any] = {"include_optimizer": False} if form == "h5" else {}
    if module_of(side) != "keras":
        words["save_format"] = form
    return words


def ports(side: Adapter, which: str) -> List[Named]:
    """The model's own inputs or outputs."""
    named = []
    for port in getattr(side, which):
        tensor = side.engine.tensor(port.graph_tensor)  # type: ignore[attr-defined]
        named.append(Named(port.name, port.name, static_shape(tensor), tensor.dtype.base_dtype.name, port.name))
    return named


def own_classes(model: Any) -> List[str]:
    """Names of layer classes that are not Keras's."""
    kinds = {type(layer) for layer in layers_in(model)}
    public = ("keras.", "tf_keras.", "tensorflow.")
    return sorted(kind.__name__ for kind in kinds if not kind.__module__.startswith(public))


def layers_in(model: Any) -> List[Any]:
    """All layers, those of nested models and of wrappers too."""
    found: List[Any] = []
    for layer in getattr(model, "layers", ()):
        found += [layer, *layers_in(layer)]
        found += [inner for inner in _inside(layer) if inner is not None]
    return found


def _inside(layer: Any) -> List[Any]:
    """What a wrapper holds (Bidirectional one for each direction), and the cell of a recurrent layer."""
    held = [getattr(layer, name, None) for name in ("layer", "forward_layer", "backward_layer")]
    return [*held, *(getattr(one, "cell", None) for one in (layer, *held))]


def without_dates(path: str) -> None:
    """Write the archive anew, its members in order and all of one date."""
    fresh = path + ".fresh"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(fresh, "w") as new:
        for name in sorted(old.namelist()):
            content = old.read(name)
            if name == METADATA:
                content = _undated(content)
            if name == CONFIG:
                content = json.dumps(_numbered(json.loads(content.decode("utf-8")), {})).encode("utf-8")
            info = zipfile.ZipInfo(name, date_time=FIXED)
            info.compress_type = old.getinfo(name).compress_type
            info.external_attr = 0o600 << 16
            new.writestr(info, content)
    os.replace(fresh, path)


def _numbered(value: Any, known: Dict[Any, int]) -> Any:
    """Objects that are shared have their place in memory for a name: they are counted instead."""
    if isinstance(value, list):
        return [_numbered(item, known) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: known.setdefault(item, len(known) + 1) if name == SHARED else _numbered(item, known)
        for name, item in value.items()
    }


def _undated(content: bytes) -> bytes:
    stated = json.loads(content.decode("utf-8"))
    if SAVED in stated:
        stated[SAVED] = "{:04d}-{:02d}-{:02d}@{:02d}:{:02d}:{:02d}".format(*FIXED)
    return json.dumps(stated).encode("utf-8")
