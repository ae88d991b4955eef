"""What makes two fetches the same article: its canonical address, or its content where it has none."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from posixpath import normpath
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

# Parameters that say where a reader came from, never what is read. Names only: a parameter that merely looks idle
# ("id", "page", "ref") may choose the article.
_TRACKING = re.compile(
    r"(utm|at|pk|mtm|hsa|stm)_.+|_?gl|_ga|fbclid|gclid|gclsrc|gbraid|wbraid|dclid|msclkid|yclid|twclid|ttclid|igshid|"
    r"mc_[ce]id|_hs(enc|mi)|hsctatracking|cmpid|cmp|ncid|ocid|smid|smtyp|ftag|xtor|sref|mkt_tok|s_cid|wt_mc",
    re.IGNORECASE,
)
# The source of the one article that Wiredesk publishes to itself; no search, count or list shows it.
HEARTBEAT_SOURCE = "wiredesk-heartbeat"
_DEFAULT_PORTS = {"http": 80, "https": 443}
# RFC 3986: what may stand in a path or query as it is.
_PATH_SAFE = "/:@!$&'()*+,;=~-._"


_USER = re.compile(r"//[^/?#\\\s]*@")


def has_user(address: str) -> bool:
    """Whether a user, and so perhaps a password, stands in an address."""
    return _USER.search(address) is not None


def without_user(address: str) -> str:
    """An address as it may be shown."""
    return _USER.sub("//", address)


def canonical_url(url: str) -> str:
    """One form for all the addresses of a page: lower-case host, sorted query, no tracking, no fragment.

    Raises:
        ValueError: it is no http or https address with a host; the message says why.
    """
    parts = urlsplit(url.strip())
    if parts.scheme.lower() not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"not an http or https address: {without_user(url)[:200]!r}")
    return urlunsplit((parts.scheme.lower(), _host(parts), _path(parts.path), _query(parts.query), ""))


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise ValueError(f"not a host name: {host[:200]!r} ({error})") from None
    host = host.rstrip(".")  # after the encoding, which makes dots of other scripts' full stops
    if not host or re.search(r"[\s/?#@\\<>\[\]^`{|}%]", host.replace("[", "").replace("]", "")):
        raise ValueError(f"not a host name: {host[:200]!r}")
    host = f"[{host}]" if ":" in host else host
    port = parts.port  # raises ValueError for a port that is no port
    return host if port in (None, _DEFAULT_PORTS[parts.scheme.lower()]) else f"{host}:{port}"


def _path(path: str) -> str:
    decoded = re.sub(r"%[0-9A-Fa-f]{2}", _unescape, path)
    clean = quote(decoded, safe=_PATH_SAFE + "%")
    clean = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", clean)
    segments = normpath("/" + clean.lstrip("/")) if clean else "/"
    return "" if segments == "/" else segments


def _unescape(match: re.Match[str]) -> str:
    """Decodes an escape only where the character means the same unescaped (RFC 3986, 6.2.2.2)."""
    character = unquote(match.group())
    if re.fullmatch(r"[A-Za-z0-9~._-]", character):
        return character
    return match.group().upper()


def _query(query: str) -> str:
    # A query in another encoding than UTF-8 keeps its bytes: two of them must not become one article.
    pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    return urlencode([pair for pair in sorted(pairs) if not _TRACKING.fullmatch(pair[0])], errors="surrogateescape")


def _digest(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}:{text}".encode("utf-8", "surrogatepass")).hexdigest()


def article_id(url: str | None, content: str) -> str:
    """32 hexadecimal digits: of the canonical address without its scheme, else of the content.

    White space does not count in content, so that the same text saved twice is one article.

    Raises:
        ValueError: there is an address, but it is none of http or https.
    """
    if url:
        return _digest("url", canonical_url(url).partition("://")[2])[:32]
    return _digest("text", " ".join(unicodedata.normalize("NFC", content).split()))[:32]


def raw_fingerprint(*parts: str | None) -> str:
    """16 hexadecimal digits that change when what a source gave changes: how a producer knows it saw this before."""
    return _digest("raw", "\x1f".join(part or "" for part in parts))[:16]
