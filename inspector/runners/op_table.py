"""What this TensorFlow knows about an op: its definition and the kernels it has on the CPU."""

from typing import Any, Dict, List

from tensorflow.python.framework import kernels, op_def_registry

_KERNELS: Dict[str, List[Any]] = {}


def op_def_of(op: str) -> Any:
    """The op's OpDef, or None when it is not registered. (The registry's interface changed in 2.2.)"""
    if hasattr(op_def_registry, "get"):
        return op_def_registry.get(op)
    return op_def_registry.get_registered_ops().get(op)


def cpu_kernels(op: str) -> List[Any]:
    """KernelDefs for the CPU; empty when there are none or they are not listed."""
    if op not in _KERNELS:
        listed = kernels.get_registered_kernels_for_op(op).kernel
        _KERNELS[op] = [kernel for kernel in listed if kernel.device_type in ("CPU", "DEFAULT")]
    return _KERNELS[op]


def has_cpu_kernel(op: str, types: Dict[str, int]) -> bool:
    """Whether some CPU kernel takes these type attributes (DataType numbers). Unlisted ops pass."""
    listed = cpu_kernels(op)
    return not listed or any(_takes(kernel, types) for kernel in listed)


def _takes(kernel: Any, types: Dict[str, int]) -> bool:
    return all(
        types[rule.name] in rule.allowed_values.list.type
        for rule in kernel.constraint
        if rule.name in types and rule.allowed_values.list.type
    )
