"""Refuse the network to this Python process. Run inside a chapter's kernel before its first cell.

An audit hook sees every connection that Python code opens, also through C, and cannot be removed.
"""

import sys

_LOCAL = {None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::"}


def refuse(event: str, args: tuple) -> None:
    """Raise ConnectionRefusedError when an address beyond this machine is looked up or used."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = args[1]
        host = address[0] if isinstance(address, tuple) else None  # else: a local Unix socket
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in _LOCAL and not host.startswith("127."):
        raise ConnectionRefusedError(
            f"chapters run without a network, and this one asks for {host}; embed or generate what it needs"
        )


sys.addaudithook(refuse)
