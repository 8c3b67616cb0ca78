"""Run a command with no network but loopback, where the system lets us; else as it is.

    python scripts/cut_off.py pytest -x

On Linux, as root or with user namespaces. Says on stderr which it was.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_SET_FLAGS, _UP = 0x8914, 0x1


def cut_off() -> None:
    """Leave every network but a loopback of our own; stay who we are.

    Raises: OSError, AttributeError where that cannot be done
    """
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if libc.unshare(_NEW_NET if user == 0 else _NEW_USER | _NEW_NET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        # A new loopback is down, and many tests have servers on it.
        request = struct.pack("16sh14x", b"lo", _UP)
        fcntl.ioctl(any_socket, _SET_FLAGS, request)


def main() -> None:
    """Cut off, and become the command."""
    try:
        cut_off()
        print("the network is cut, but for loopback", file=sys.stderr)
    except (OSError, AttributeError) as error:
        print(f"the network is not cut ({error})", file=sys.stderr)
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
