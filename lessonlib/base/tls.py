"""TLS for every request that leaves this machine, as the environment says.

SSL_CERT_FILE names an authority of one's own, LESSONLIB_CLIENT_CERT and LESSONLIB_CLIENT_KEY a certificate to introduce
oneself with.
"""

from __future__ import annotations

import os
import ssl

from lessonlib.base.errors import LessonlibError


def tls() -> ssl.SSLContext:
    """What is trusted, and with which certificate we introduce ourselves. Raises LessonlibError for files that do not fit."""
    authority, cert, key = (
        os.environ.get(name) for name in ("SSL_CERT_FILE", "LESSONLIB_CLIENT_CERT", "LESSONLIB_CLIENT_KEY")
    )
    try:
        context = ssl.create_default_context(cafile=authority or None)
        if cert:
            context.load_cert_chain(cert, key or None)
    except (OSError, ssl.SSLError) as error:
        raise LessonlibError(
            f"TLS: SSL_CERT_FILE, LESSONLIB_CLIENT_CERT or LESSONLIB_CLIENT_KEY cannot be used: {error}"
        ) from None
    return context
