"""A line between a program and its server that can be cut, frozen and slowed."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path


class Line:
    """Listens on a TCP port and passes on what comes, to a socket file or a port."""

    def __init__(self, to: Path | tuple[str, int]) -> None:
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._is_cut = self._is_frozen = False
        self.delay = 0.0
        threading.Thread(target=self._accept, daemon=True).start()

    @contextlib.contextmanager
    def cut(self) -> Iterator[None]:
        """End all connections and refuse new ones, as a server that is gone."""
        self._is_cut = True
        self._stop_listening()
        self._hang_up()
        try:
            yield
        finally:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._is_cut = False
            threading.Thread(target=self._accept, daemon=True).start()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Take everything and pass nothing on, as a network that drops packets."""
        self._is_frozen = True
        try:
            yield
        finally:
            # What was swallowed never arrives: those connections are dead.
            self._is_frozen = False
            self._hang_up()

    @contextlib.contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Pass everything on so much later."""
        self.delay = seconds
        try:
            yield
        finally:
            self.delay = 0.0

    def close(self) -> None:
        """End all."""
        self._is_cut = True
        self._stop_listening()
        self._hang_up()

    def _stop_listening(self) -> None:
        # Closing alone would let the thread that waits accept one more.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _hang_up(self) -> None:
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def _accept(self) -> None:
        listener = self._listener
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = self._connect()
            except OSError:
                client.close()
                continue
            with self._lock:
                if self._is_cut:
                    client.close()
                    server.close()
                    return
                self._pairs.append((client, server))
            threading.Thread(
                target=self._pass_on, args=(client, server), daemon=True
            ).start()

    def _connect(self) -> socket.socket:
        if isinstance(self._to, tuple):
            return socket.create_connection(self._to)
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(self._to))
        return server

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        with selectors.DefaultSelector() as ready:
            try:
                for end in other:
                    ready.register(end, selectors.EVENT_READ)
                while True:
                    for key, _ in ready.select(0.5):
                        sender = client if key.fileobj is client else server
                        data = sender.recv(65536)
                        if not data:
                            raise ConnectionError
                        time.sleep(self.delay)
                        if not self._is_frozen:
                            other[sender].sendall(data)
            except (OSError, ValueError):
                pass
        for end in other:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
