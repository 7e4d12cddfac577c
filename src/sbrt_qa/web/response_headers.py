"""What stands at the head of every answer, whoever made it: pages, redirects and errors alike."""

from __future__ import annotations

from typing import Final

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""Content-Security-Policy of our own pages: nothing inline, nothing from elsewhere."""

REPORT_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; "
    "sandbox allow-scripts allow-modals allow-downloads"
)
"""Of a report in a frame: its script runs with an origin of its own and reaches nothing.

A report carries its script within itself and states a narrower policy, by hashes, which holds
beside this one. Even a report that something else had written could send nothing anywhere.
"""

FIXED: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
"""Headers that are the same on every answer."""

TLS_ONLY: Final = {"strict-transport-security": "max-age=31536000"}
"""Header that stands besides where the page was asked for over TLS."""

Headers = list[tuple[bytes, bytes]]


def secured(headers: Headers, *, secure: bool = False) -> Headers:
    """Return the headers of an answer with those that stand on every one.

    Parameters
    ----------
    headers
        What a page set; a Content-Security-Policy of its own is kept, everything else is ours.
    secure
        Whether the browser speaks TLS to us, or to the proxy before us.
    """
    fixed = {**FIXED, **(TLS_ONLY if secure else {})}
    names = {name.encode() for name in fixed} | {b"server"}
    kept = [(name, value) for name, value in headers if name.lower() not in names]
    if not any(name.lower() == b"content-security-policy" for name, _ in kept):
        kept.append((b"content-security-policy", POLICY.encode()))
    return [*kept, *((name.encode(), value.encode()) for name, value in fixed.items())]
