"""Receiving a large file from a form: streamed, limited, and in no named file."""

from __future__ import annotations

import tempfile
from pathlib import PurePath
from typing import Any, BinaryIO

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest


class NamelessUpload(FileUploadHandler):
    """Keeps an upload in a file that has no name and ends with the process.

    Django's own handler writes to a named temporary file, which a killed process
    would leave behind with everybody's data in it. The form must send the file last:
    what follows a file that is too large is not read.
    """

    def __init__(self, request: HttpRequest, *, max_bytes: int) -> None:
        super().__init__(request)
        self.max_bytes, self.is_too_large = max_bytes, False
        self.extension = ""
        self._stream: BinaryIO | None = None
        self._size = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file."""
        super().new_file(*args, **kwargs)
        # Its own name may name a person; only what stands after the last dot is looked at.
        self.extension = PurePath(self.file_name or "").suffix.lower()
        self._stream, self._size = tempfile.TemporaryFile(), 0  # noqa: SIM115 - closed with the request

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Take a piece; stop reading once there are too many."""
        self._size += len(raw_data)
        if self._size > self.max_bytes:
            self.is_too_large = True
            if self._stream is not None:
                self._stream.close()
            raise StopUpload(connection_reset=False)
        if self._stream is not None:
            self._stream.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        """Hand the file to the form, from its beginning."""
        if self._stream is None or self.is_too_large:
            return None
        self._stream.seek(0)
        return UploadedFile(self._stream, "upload", self.content_type, self._size)
