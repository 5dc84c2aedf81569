"""Confine this process with Landlock (Linux 5.13 and later): what it may write, read, start, connect to.

Two steps, because a runner imports its framework before it knows its model: `confine_writes` at the
start, `confine_reads` when the model is named. Landlock holds for the calling thread and for threads it
starts later, so both come before the framework starts any. Constants: include/uapi/linux/landlock.h.
"""

import ctypes
import glob
import os
import struct
import sys
from typing import Dict, Iterable, List

CREATE, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG, PATH_BENEATH, NO_NEW_PRIVS = 1, 1, 38
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REMOVE_AND_MAKE = sum(1 << bit for bit in range(4, 13))
REFER, TRUNCATE, IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
TCP_BIND_CONNECT, ABSTRACT_SOCKETS_SIGNALS = 3, 3
READ = READ_FILE | READ_DIR
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE

SYSTEM_FOLDERS = (
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/opt",
    "/nix/store",
    "/sys",
    "/proc/self",
    "/proc/sys/kernel",
    "/proc/sys/vm",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/version",
    "/proc/filesystems",
    "/proc/driver",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/os-release",
    "/etc/alternatives",
    "/etc/OpenCL",
    "/dev/null",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
)
DEVICES = ("/dev/nvidia*", "/dev/kfd", "/dev/dri")


def landlock_version() -> int:
    """The kernel's Landlock ABI; 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, _libc().syscall(CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION_FLAG)))


def confine_writes(spill: str) -> str:
    """From now on: writes below `spill` only, no program started, no TCP, no signal to others. Returns
    in words what is in force."""
    version = landlock_version()
    _no_core_dumps()
    if not version:
        return "none: this system has no Landlock"
    handled = _known(EXECUTE | WRITE_FILE | REMOVE_AND_MAKE | REFER | TRUNCATE | IOCTL_DEVICE, version)
    rules = {spill: handled & ~EXECUTE, "/dev/null": WRITE_FILE}
    rules.update({path: WRITE_FILE | IOCTL_DEVICE for pattern in DEVICES for path in glob.glob(pattern)})
    _restrict(handled, rules, version, outside=True)
    network = ", no TCP" if version >= 4 else ""
    return "Landlock {}: writes only in its spill, starts no program{}".format(version, network)


def confine_reads(paths: Iterable[str]) -> str:
    """From now on: reads only below `paths`, the interpreter's folders and the system's libraries."""
    version = landlock_version()
    if not version:
        return "reads anywhere"
    devices = [path for pattern in DEVICES for path in glob.glob(pattern)]
    allowed = list(paths) + interpreter_folders() + list(SYSTEM_FOLDERS) + devices
    # Rules forbid moves from folder to folder unless they allow them; the first rules, for writing, stay in force.
    rights = _known(READ | REFER, version)
    _restrict(rights, dict.fromkeys(allowed, rights), version, outside=False)
    return "reads only its model, its spill and the libraries"


def interpreter_folders() -> List[str]:
    """Where this Python and its packages lie."""
    prefixes = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]
    folder = os.path.dirname(os.path.abspath(__file__))
    own = [os.path.dirname(os.path.realpath(sys.executable)), folder, os.path.join(os.path.dirname(folder), "graphs")]
    libraries = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    return [os.path.abspath(path) for path in prefixes + own + sys.path + libraries if path and path != "/"]


def move_home(spill: str) -> None:
    """Libraries that insist on writing find their folders in the spill."""
    home = os.path.join(spill, "home")
    os.makedirs(home, exist_ok=True)
    for name in ("HOME", "TMPDIR", "KERAS_HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        os.environ[name] = home


def _known(rights: int, version: int) -> int:
    """The rights that this version of the kernel's interface knows."""
    newer = ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEVICE))
    return rights & ~sum(bit for since, bit in newer if version < since)


def _restrict(handled: int, rules: Dict[str, int], version: int, *, outside: bool) -> None:
    ruleset = _ruleset(handled, version, outside=outside)
    try:
        for path, rights in rules.items():
            _allow(ruleset, path, rights & handled)
        if _libc().prctl(NO_NEW_PRIVS, 1, 0, 0, 0) or _libc().syscall(RESTRICT_SELF, ruleset, ctypes.c_uint32(0)):
            raise OSError(ctypes.get_errno(), "Landlock refused")
    finally:
        os.close(ruleset)


def _ruleset(handled: int, version: int, *, outside: bool) -> int:
    """`outside`: network and signals as well, as far as the version knows them."""
    net = TCP_BIND_CONNECT if outside and version >= 4 else 0
    scoped = ABSTRACT_SOCKETS_SIGNALS if outside and version >= 6 else 0
    size = 8 if version < 4 else 16 if version < 6 else 24
    attributes = ctypes.create_string_buffer(struct.pack("=QQQ", handled, net, scoped)[:size], size)
    made = int(_libc().syscall(CREATE, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0)))
    if made < 0:
        raise OSError(ctypes.get_errno(), "Landlock refused the rules")
    return made


def _allow(ruleset: int, path: str, rights: int) -> None:
    """A path that is not there needs no rule."""
    try:
        handle = os.open(path, getattr(os, "O_PATH", 0) | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed = rights if os.path.isdir(path) else rights & ON_FILES
        rule = ctypes.create_string_buffer(struct.pack("=Qi", allowed, handle), 12)
        if allowed and _libc().syscall(ADD_RULE, ruleset, PATH_BENEATH, rule, ctypes.c_uint32(0)):
            raise OSError(ctypes.get_errno(), "Landlock refused the rule", path)
    finally:
        os.close(handle)


def _no_core_dumps() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
