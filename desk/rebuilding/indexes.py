"""The indices behind one alias: the one that is searched, the one that is being made, and older ones."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch

from desk.failure import Exit, Failure
from desk.rebuilding.state import Renewal
from processors.index import reason
from processors.progress import instance_name
from schemas.index import index_body, mapping
from schemas.settings import Settings

_META = "renewal"


class Indexes:
    """Looks at and changes the indices of the settings' alias.

    An index that is being made stands behind an alias of its own, `…-making`: it is written through that, so that an
    index which is dropped meanwhile is not made by accident, with a mapping that Elasticsearch guesses.

    Raises:
        ApiError: Elasticsearch refuses.
        TransportError: it does not answer.
    """

    def __init__(self, elasticsearch: Elasticsearch, settings: Settings) -> None:
        self._elasticsearch, self._settings = elasticsearch, settings
        self.alias, self.making = settings.index_alias, f"{settings.index_alias}-making"
        self._named = re.compile(re.escape(self.alias) + r"-(\d{6})")

    def _behind(self, alias: str) -> dict[str, Any]:
        if not self._elasticsearch.indices.exists_alias(name=alias):
            return {}
        return dict(self._elasticsearch.indices.get_alias(name=alias).body)

    def current(self) -> str | None:
        """The index that is searched and written to; none where there is no alias."""
        behind = self._behind(self.alias)
        written = [name for name, one in behind.items() if one["aliases"][self.alias].get("is_write_index")]
        return max(written or behind, default=None)

    def target(self) -> str | None:
        """The index that is being made; none where nobody makes one."""
        return max(self._behind(self.making), default=None)

    def family(self) -> list[str]:
        """Every index that was made for the alias, by its number."""
        found = self._elasticsearch.indices.get(index=f"{self.alias}-*", filter_path="*.aliases").body
        return sorted(name for name in found if self._named.fullmatch(name))

    def next_name(self) -> str:
        """The name of the next index."""
        last = max((int(name[-6:]) for name in self.family()), default=0)
        return f"{self.alias}-{last + 1:06d}"

    def create(self, renewal: Renewal) -> None:
        """Makes an empty index by today's mapping, to be filled, with what is kept of its making in it.

        Raises:
            Failure: somebody else just made it.
        """
        body = index_body(self._settings)
        body["mappings"]["_meta"] = _meta(renewal)
        try:
            self._elasticsearch.indices.create(
                index=renewal.target, aliases={self.making: {"is_write_index": True}}, **body
            )
        except BadRequestError as error:
            if error.error != "resource_already_exists_exception":
                raise
            raise Failure(
                f"{renewal.target} was just made by somebody else", "wiredesk rebuild --status", Exit.FINDING
            ) from None

    def take_up(self, renewal: Renewal) -> None:
        """Opens an index that is there for being filled, with today's fields.

        Raises:
            Failure: its mapping cannot hold today's articles.
        """
        wanted, name = mapping(), renewal.target
        try:
            self._elasticsearch.indices.put_mapping(
                index=name, dynamic=wanted["dynamic"], meta=_meta(renewal), properties=wanted["properties"]
            )
        except BadRequestError as error:
            raise Failure(
                f"{name} cannot hold today's articles: {reason(error)}", "wiredesk rebuild", Exit.FINDING
            ) from None
        self._elasticsearch.indices.put_alias(index=name, name=self.making, is_write_index=True)

    def load(self, name: str) -> Renewal | None:
        """What is kept of an index's making; none where nothing is."""
        kept = self._elasticsearch.indices.get_mapping(index=name).body[name]["mappings"].get("_meta", {}).get(_META)
        return Renewal.model_validate(kept) if kept else None

    def save(self, renewal: Renewal) -> None:
        """Keeps how far the making is."""
        self._elasticsearch.indices.put_mapping(index=renewal.target, meta=_meta(renewal))

    def move(self, origin: str | None, target: str) -> None:
        """Moves the alias in one step: whoever searches sees the one index or the other, never none or both.

        Raises:
            NotFoundError: the alias does not stand on `origin` any more.
        """
        off = {"remove": {"index": origin, "alias": self.alias, "must_exist": True}}
        on = {"add": {"index": target, "alias": self.alias, "is_write_index": True}}
        self._elasticsearch.indices.update_aliases(actions=[off, on] if origin else [on])

    def finished(self, target: str) -> None:
        """Nothing more is written beside the alias."""
        self._elasticsearch.indices.delete_alias(index=target, name=self.making)

    def drop(self, name: str) -> None:
        """Deletes an index."""
        self._elasticsearch.indices.delete(index=name)

    def documents(self, name: str) -> int:
        """How many articles an index holds, as of now."""
        self._elasticsearch.indices.refresh(index=name)
        return int(self._elasticsearch.count(index=name)["count"])


def _meta(renewal: Renewal) -> dict[str, Any]:
    renewal.by, renewal.at = instance_name(), datetime.now(UTC)
    return {**mapping()["_meta"], _META: renewal.model_dump(mode="json")}
