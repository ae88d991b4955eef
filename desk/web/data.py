"""Facts as JSON over HTTP."""

from __future__ import annotations

import json
from typing import Any

from fastapi.responses import JSONResponse
from pydantic_core import to_jsonable_python


class Data(JSONResponse):
    """An answer in JSON: times in ISO 8601 with `Z`, text as UTF-8."""

    def render(self, content: Any) -> bytes:
        """The bytes of the answer."""
        return encoded(to_jsonable_python(content))


def encoded(content: Any) -> bytes:
    """Plain values as JSON in UTF-8; half of a character, which UTF-8 cannot hold, becomes a question mark."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")
