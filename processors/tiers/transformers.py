"""A token classification model of the transformers library, in a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from processors.tiers.labels import kind_of, known
from processors.tiers.library import Importer, TierError, folder, imported, useful
from processors.tiers.tier import Found, Tier, of_model
from processors.tiers.windows import windows

_LEAST = 0.5
_POSITIONS = 512
_SPACE = re.compile(r"\s")


def tier(named: str, importer: Importer) -> Tier:
    """The tier of a model.

    Raises:
        TierError: a package is not installed, or the folder holds no such model with a tokenizer that keeps offsets.
    """
    path = folder(named, "config.json")
    library = imported("transformers", importer)
    imported("torch", importer)
    tokenizer = library.AutoTokenizer.from_pretrained(str(path), local_files_only=True)
    if not tokenizer.is_fast:
        raise TierError(f"the tokenizer in {named} does not say where words stand: save it as a fast one")
    model = library.AutoModelForTokenClassification.from_pretrained(str(path), local_files_only=True)
    labels = [str(label) for label in model.config.id2label.values()]
    useful(known(labels), labels)
    classify = library.pipeline(
        "token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="average"
    )
    return of_model(f"transformers:{path.resolve().name}", None, Classifier(classify).find)


class Classifier:
    """A token classification pipeline with aggregation, given pieces of the text that its model can take.

    Args:
        classify: the pipeline: a text to dictionaries with `entity_group`, `start`, `end` and `score`.
    """

    def __init__(self, classify: Any) -> None:
        self._classify, self._tokenizer = classify, classify.tokenizer
        self._most = most_tokens(classify.model.config, classify.tokenizer)

    def find(self, text: str) -> Iterator[Found]:
        """The names in a text."""
        plain = _SPACE.sub(" ", text)  # where words are told by spaces, a line's end would be in the midst of one
        for begin, piece in windows(text, self._most, self._size):
            for one in self._classify(plain[begin : begin + len(piece)]):
                kind = kind_of(one["entity_group"])
                if kind and one["score"] >= _LEAST:
                    yield Found(begin + int(one["start"]), begin + int(one["end"]), kind, float(one["score"]))

    def _size(self, piece: str) -> int:
        return len(self._tokenizer(piece, add_special_tokens=False, verbose=False)["input_ids"])


def most_tokens(config: Any, tokenizer: Any) -> int:
    """The most tokens of a text that the model takes at once, beside those that stand around every text."""
    # Some models number their positions from two.
    positions = (getattr(config, "max_position_embeddings", None) or _POSITIONS + 2) - 2
    return int(min(positions, tokenizer.model_max_length) - tokenizer.num_special_tokens_to_add())
