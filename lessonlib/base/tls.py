"""TLS for every request that leaves this machine, as the environment says.

SSL_CERT_FILE names an authority of one's own, LESSONLIB_CLIENT_CERT and LESSONLIB_CLIENT_KEY a certificate to introduce
oneself with.
"""

from __future__ import annotations

import os
import ssl
from typing import NoReturn

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import read_bytes

AUTHORITY, CERT, KEY = "SSL_CERT_FILE", "LESSONLIB_CLIENT_CERT", "LESSONLIB_CLIENT_KEY"
_MOST_BYTES = 4_000_000


def tls() -> ssl.SSLContext:
    """What is trusted, and with which certificate we introduce ourselves.

    Raises LessonlibError for files that do not fit. An encrypted key is refused: nobody may sit there to be asked.
    """
    given = {name: path for name in (AUTHORITY, CERT, KEY) if (path := os.environ.get(name))}
    if KEY in given and CERT not in given:
        raise LessonlibError(f"TLS: {KEY} names a key without a certificate; name its certificate in {CERT}")
    for name, path in given.items():
        read_bytes(path, f"TLS: {name}", _MOST_BYTES)  # OpenSSL would wait for a pipe, and read a device without end
    try:
        context = ssl.create_default_context(cafile=given.get(AUTHORITY))
        if CERT in given:
            context.load_cert_chain(given[CERT], given.get(KEY), password=_no_password)
    except (OSError, ValueError) as error:
        if isinstance(error, LessonlibError):
            raise
        raise LessonlibError(
            f"TLS: {', '.join(given) or 'the authorities of this machine'} cannot be used: {error}"
        ) from None
    return context


def _no_password() -> NoReturn:
    raise LessonlibError(
        f"TLS: the key in {KEY} or {CERT} is encrypted; name one without a password (openssl pkey -in KEY -out PLAIN)"
    )
