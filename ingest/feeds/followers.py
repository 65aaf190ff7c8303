"""Names of processes that see a long piece of work through, by which others can tell whether they still live."""

import os
import socket

import psutil


def follower_name() -> str:
    """Names this process so that another can tell whether it still lives."""
    return f"{socket.gethostname()}:{os.getpid()}:{int(psutil.Process().create_time())}"


def follower_lives(name: str) -> bool:
    """Whether that process is still there; of another machine it cannot be told, so it is believed."""
    host, pid, born = [*name.rsplit(":", 2), "", ""][:3]
    if host != socket.gethostname() or not pid.isdigit():
        return bool(host) and host != socket.gethostname()
    try:
        return abs(int(psutil.Process(int(pid)).create_time()) - int(born)) <= 1
    except psutil.Error:
        return False
