"""Any spaCy pipeline that finds names: an installed one by its name, or a folder by its path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from processors.tiers.labels import known
from processors.tiers.library import Importer, TierError, imported, useful
from processors.tiers.tier import Found, Tier, of_model

# Components that a statistical recognizer of names does not read. spaCy's documentation of each says what it sets.
_ASIDE = frozenset(
    "tagger parser senter sentencizer attribute_ruler lemmatizer trainable_lemmatizer morphologizer textcat "
    "textcat_multilabel spancat spancat_singlelabel entity_linker".split()
)
_ALONE = frozenset({"ner", "beam_ner"})
# What a pipeline without a measurement of its own gets: most have a precision of about that.
_UNMEASURED = 0.85
_MANY = "xx"
_ALSO = {"nb": {"nb", "no"}}


def tier(named: str, importer: Importer) -> Tier:
    """The tier of a pipeline.

    Raises:
        TierError: spaCy is not installed, has no such pipeline, or the pipeline finds no names.
    """
    spacy = imported("spacy", importer)
    path = Path(named).expanduser()
    if not spacy.util.is_package(named) and not path.is_dir():
        raise TierError(
            f"spaCy has no pipeline of that name installed, and {named} is no folder: "
            f"python -m spacy download {named}, or name a folder"
        )
    nlp = spacy.load(named if spacy.util.is_package(named) else path)
    finding = Pipeline(nlp)
    languages = None if nlp.lang == _MANY else frozenset(_ALSO.get(nlp.lang, {nlp.lang}))
    return of_model(f"spacy:{path.resolve().name}@{nlp.meta.get('version', '')}", languages, finding.find)


class Pipeline:
    """A spaCy pipeline, with what names do not need put aside.

    spaCy does not say how sure it is of a name: the score is the precision that the pipeline's makers measured for
    the label (`ents_per_type` of its meta.json), or for all of them.

    Args:
        nlp: the pipeline; some of its components are disabled.

    Raises:
        TierError: none of its components finds names of a type that is known.
    """

    def __init__(self, nlp: Any) -> None:
        naming = [name for name in nlp.pipe_names if "doc.ents" in nlp.get_pipe_meta(name).assigns]
        labels = sorted({label for name in naming for label in nlp.pipe_labels.get(name, ())})
        self._kinds = useful(known(labels), labels)
        self._scores = _measured(nlp.meta.get("performance") or {}, labels)
        nlp.select_pipes(disable=_needless(nlp))
        self._nlp = nlp

    def find(self, text: str) -> Iterator[Found]:
        """The names in a text."""
        for one in self._nlp(text).ents:
            if kind := self._kinds.get(one.label_):
                yield Found(one.start_char, one.end_char, kind, self._scores[one.label_])


def _measured(performance: dict[str, Any], labels: list[str]) -> dict[str, float]:
    whole = performance.get("ents_p") or _UNMEASURED
    each = performance.get("ents_per_type") or {}
    return {label: float((each.get(label) or {}).get("p") or whole) for label in labels}


def _needless(nlp: Any) -> list[str]:
    """Components that change nothing about names, and the shared layers that only these read."""
    factories = {name: nlp.get_pipe_meta(name).factory for name in nlp.pipe_names}
    if not _ALONE & set(factories.values()) or not set(factories.values()) <= _ALONE | _ASIDE | _shared(nlp):
        return []
    aside = {name for name, factory in factories.items() if factory in _ASIDE}
    return [name for name in factories if name in aside or _unread(nlp.get_pipe(name), aside)]


def _shared(nlp: Any) -> set[str]:
    return {nlp.get_pipe_meta(name).factory for name in nlp.pipe_names if hasattr(nlp.get_pipe(name), "listener_map")}


def _unread(component: Any, aside: set[str]) -> bool:
    """Whether it gives its vectors only to components that are put aside."""
    return hasattr(component, "listener_map") and set(component.listener_map) <= aside
