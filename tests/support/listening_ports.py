"""The ports that this process and those it started listen on. Linux only: it reads /proc."""

import os
from pathlib import Path

PROC = Path("/proc")
LISTENING = "0A"  # the kernel's code, in net/tcp_states.h


def find_listening_ports() -> dict[int, set[str]]:
    """The addresses of each port: 127.0.0.1, ::1, or another one as the kernel writes it."""
    sockets = set().union(*(_sockets_of(pid) for pid in _descendants(os.getpid())))
    ports: dict[int, set[str]] = {}
    for table in ("tcp", "tcp6"):
        for line in (PROC / "net" / table).read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            address, _, port = local.partition(":")
            if state == LISTENING and f"socket:[{rest[5]}]" in sockets:
                ports.setdefault(int(port, 16), set()).add(LOOPBACK.get(address, address))
    return ports


LOOPBACK = {"0100007F": "127.0.0.1", "00000000000000000000000001000000": "::1"}


def _descendants(pid: int) -> set[int]:
    parents = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            parents[int(folder.name)] = int(fields[1])
    found = {pid}
    while new := {each for each, parent in parents.items() if parent in found} - found:
        found |= new
    return found


def _sockets_of(pid: int) -> set[str]:
    try:
        return {str(link.readlink()) for link in (PROC / str(pid) / "fd").iterdir()}
    except OSError:
        return set()  # it has just ended
