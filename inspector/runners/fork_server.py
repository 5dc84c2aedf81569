"""A process that has imported a framework forks runners from itself, each in the time of a fork.

Importing TensorFlow takes seconds, forking a process that has imported it hundredths of one. Only the import happens
here: no model is read, no op is run, no thread is started, so that what is forked is as a fresh process is (Chromium
and Android name this a zygote, `multiprocessing` a fork server). A request is one message on a SOCK_SEQPACKET socket
with four descriptors: the runner's standard input, output and error, and a socket for its process id (with a pidfd)
and its wait status.
"""

import array
import importlib
import json
import os
import random
import select
import socket
import sys
import tempfile
import threading
import traceback
from typing import Any, Dict, List, Tuple

MESSAGE = 1 << 20
INTS = 4
LOOKS = 0.1  # seconds between looks whether the app is still there, while a framework is imported
Waiting = Dict[int, Tuple[int, socket.socket]]


def main(arguments: List[str]) -> None:
    """`fork_server.py FD MODULE...`: import the modules, then fork a runner for each request until the app is gone."""
    requests = socket.socket(fileno=int(arguments[0]))
    imported = threading.Event()
    watch = threading.Thread(target=_end_with_app, args=(requests, imported))
    watch.start()
    for module in arguments[1:]:
        try:
            importlib.import_module(module)
        except Exception:  # the runner that needs it tries again, and says so to the person
            traceback.print_exc()
    imported.set()
    watch.join()  # no other thread may live when a process is forked
    _serve(requests)


def _end_with_app(requests: socket.socket, imported: threading.Event) -> None:
    poll = select.poll()
    poll.register(requests, select.POLLHUP)
    while not imported.wait(LOOKS):
        if any(event & select.POLLHUP for _, event in poll.poll(0)):
            os._exit(0)


def _serve(requests: socket.socket) -> None:
    poll = select.poll()
    poll.register(requests, select.POLLIN)
    running: Waiting = {}
    while True:
        for descriptor, _ in poll.poll():
            if descriptor in running:
                poll.unregister(descriptor)
                _tell_end(descriptor, *running.pop(descriptor))
                continue
            message, descriptors = _received(requests)
            if not message:
                return
            if len(descriptors) == INTS:
                _fork(json.loads(message.decode("utf-8")), descriptors, requests, running, poll)


def _received(requests: socket.socket) -> Tuple[bytes, List[int]]:
    """One message with its descriptors; empty at the end. (`socket.recv_fds` is newer than Python 3.7.)"""
    found = array.array("i")
    room = socket.CMSG_LEN(INTS * found.itemsize)
    message, ancillary, _, _ = requests.recvmsg(MESSAGE, room)
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return message, list(found)


def _fork(
    request: Dict[str, Any], descriptors: List[int], requests: socket.socket, running: Waiting, poll: Any
) -> None:
    pid = os.fork()
    if not pid:
        _become_runner(request, descriptors, requests, running)
    for descriptor in descriptors[:3]:
        os.close(descriptor)
    status = socket.socket(fileno=descriptors[3])
    pidfd = os.pidfd_open(pid)  # type: ignore[attr-defined,unused-ignore]
    running[pidfd] = pid, status
    poll.register(pidfd, select.POLLIN)
    try:
        status.sendmsg([str(pid).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [pidfd]))])
    except OSError:  # nobody waits for it any more: its standard input is closed, so it ends by itself
        pass


def _tell_end(pidfd: int, pid: int, status: socket.socket) -> None:
    _, ended = os.waitpid(pid, 0)
    os.close(pidfd)
    with status:
        try:
            status.send(str(ended).encode())
        except OSError:
            pass


def _become_runner(request: Dict[str, Any], descriptors: List[int], requests: socket.socket, running: Waiting) -> None:
    """In the forked process: what a fresh one would have, and nothing of its siblings. Does not return."""
    ended = 1
    try:
        for standard, descriptor in enumerate(descriptors[:3]):
            os.dup2(descriptor, standard)
            os.close(descriptor)
        os.close(descriptors[3])
        requests.close()
        for pidfd, (_, status) in running.items():
            os.close(pidfd)
            status.close()
        os.environ.clear()
        os.environ.update(request["environment"])
        tempfile.tempdir = None
        random.seed()
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()
        handlers = importlib.import_module(".handlers", __package__)
        handlers.main()
        ended = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(ended)
