"""What comes of asking the web for something: an answer, or an error in words that say the way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Literal

Stage = Literal[
    "url",
    "dns",
    "tls",
    "tcp",
    "robots",
    "request",
    "redirects",
    "private address",
    "content",
    "timeout",
]
Hardness = Literal["hard", "soft", "temporary"]

_LONGEST_WAIT = 86_400.0
_GONE = (404, 410)
_BUSY = (408, 425, 429)
_WAY_OUT = {
    401: "it wants a login, which Wiredesk does not have: look for a public address",
    402: "it wants to be paid: look for a public address",
    403: "it does not let Wiredesk in: set WIREDESK_FETCH_CONTACT, and ask the site's owner",
    404: "nothing is at this address: look for the new one on the site's home page",
    410: "what was at this address is gone for good: look for the new one on the site's home page",
    429: "it is asked too often: raise WIREDESK_FETCH_PAUSE, or the source's `every`",
    451: "it may not show this for legal reasons: use another source",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer of the web.

    Attributes:
        url: the address that answered, redirects followed.
        status: 200 to 299, or 304.
        headers: by name in lower case; several of one name are joined with ", ".
        body: decompressed. Empty for 304.
        moved_to: where permanent redirects (301, 308) led before any other redirect: the address to use from now on.
        downgraded: whether a redirect led from https to http.
        seconds: time that the requests took, waiting for their turn left out.
        wire_bytes: size of the last answer's body as it came, compressed.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    moved_to: str | None
    downgraded: bool
    seconds: float
    wire_bytes: int

    @property
    def not_modified(self) -> bool:
        """Whether the server says that nothing changed since the answer whose `ETag` or date was sent."""
        return self.status == HTTPStatus.NOT_MODIFIED


class FetchError(Exception):
    """Nothing could be fetched.

    Attributes:
        stage: the first stage that failed.
        reason: words for people, with the way out; they name the host alone, for paths and queries may hold secrets.
        hardness: "hard" will not mend by itself, "soft" may, "temporary" will.
        retry_after: seconds that the server asks to be left alone, or None.
        status: the HTTP status, where the server gave one.
    """

    def __init__(
        self,
        stage: Stage,
        reason: str,
        hardness: Hardness,
        *,
        retry_after: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.stage: Stage = stage
        self.reason = reason
        self.hardness: Hardness = hardness
        self.retry_after = retry_after
        self.status = status


def refused_by_status(host: str, status: int, headers: Mapping[str, str]) -> FetchError:
    """The error for an answer that is neither content, nor "not modified", nor a redirect to follow."""
    named = next((f" {one.phrase}" for one in HTTPStatus if one == status), "")
    wait = retry_after(headers)
    way_out = _WAY_OUT.get(status) or _by_class(status)
    return FetchError(
        "request", f"{host} answered {status}{named}: {way_out}", _hardness(status), retry_after=wait, status=status
    )


def _by_class(status: int) -> str:
    if status >= 500:
        return "the site has a fault of its own, which mends itself or not: it is asked again later"
    return "the address may be wrong: open it in a browser"


def _hardness(status: int) -> Hardness:
    if status in _GONE:
        return "hard"
    return "temporary" if status >= 500 or status in _BUSY else "soft"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """How many seconds `Retry-After` asks for, at most a day: it holds seconds or a date, by the server's own clock."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), _LONGEST_WAIT)
    until = _date(value)
    if until is None:
        return None
    now = _date(headers.get("date", "")) or datetime.now(UTC)
    return min(max((until - now).total_seconds(), 0.0), _LONGEST_WAIT)


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
