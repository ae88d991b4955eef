"""Training of the small network (`processors.tagger.network`) from labels and from a teacher's opinions."""

from __future__ import annotations

import io
import logging
import time
import zipfile
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from processors.tagger.features import AFFIXES, FORMS, GRAMS, MOST_GRAMS, NAME_TABLES, SHAPES, Lexicon, spelling
from processors.training.examples import TAGS, UNKNOWN, Example
from processors.training.weights import WEIGHTS

Arrays = dict[str, npt.NDArray[Any]]
Parameters = dict[str, Any]
ROW, BATCH, GAP = 256, 8, 3
WORD, WIDTH, REACH = 128, 128, 5
SIZES = {
    "form": (FORMS, 48),
    "prefix": (AFFIXES, 24),
    "suffix": (AFFIXES, 24),
    "shape": (SHAPES, 16),
    "grams": (GRAMS, 48),
}
log = logging.getLogger(__name__)
jax.config.update("jax_default_prng_impl", "unsafe_rbg")  # several times faster on a processor


class Vocabulary:
    """Every word met in training, by number; number 0 is the empty place between documents."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {"": 0}

    def number(self, word: str) -> int:
        """The word's number, given when it is new."""
        return self._numbers.setdefault(word, len(self._numbers))

    def arrays(self, lexicon: Lexicon) -> Arrays:
        """The words' features as arrays with one row a word."""
        words = list(self._numbers)
        spelled = [spelling(word) for word in words]
        grams = np.full((len(words), MOST_GRAMS), -1, np.int32)
        for row, one in enumerate(spelled):
            grams[row, : len(one.grams)] = one.grams
        found: Arrays = {
            name: np.array([getattr(one, name) for one in spelled], np.int32)
            for name in ("form", "prefix", "suffix", "shape")
        }
        return {
            **found,
            "grams": grams,
            "vector": lexicon.vectors(words).astype(np.float16),
            "marks": (lexicon.marks(words)[:, None] >> np.arange(len(NAME_TABLES)) & 1).astype(np.float32),
        }


def fresh(seed: int, vector: int) -> Parameters:
    """Parameters before training."""
    random = np.random.default_rng(seed)

    def matrix(rows: int, columns: int, gain: float = 1.0) -> Any:
        return random.normal(0, gain / np.sqrt(rows), (rows, columns)).astype(np.float32)

    inputs = vector + sum(width for _, width in SIZES.values()) + len(NAME_TABLES)
    tables = {name: random.normal(0, 0.3, size).astype(np.float32) for name, size in SIZES.items()}
    return tables | {
        "word": matrix(inputs, WORD), "word_bias": np.zeros(WORD, np.float32),
        "first": matrix(REACH * WORD, WIDTH, 1.4), "first_bias": np.zeros(WIDTH, np.float32),
        "second": matrix(3 * WIDTH, WIDTH), "second_bias": np.zeros(WIDTH, np.float32),
        "third": matrix(4 * WIDTH, WIDTH), "third_bias": np.zeros(WIDTH, np.float32),
        "out": matrix(WIDTH, len(TAGS), 0.5), "out_bias": np.zeros(len(TAGS), np.float32),
    }  # fmt: skip


def _shifted(x: jax.Array, by: int) -> jax.Array:
    """What stands `by` words further on, zeros past the end."""
    if by == 0:
        return x
    zeros = jnp.zeros((x.shape[0], abs(by), x.shape[2]), x.dtype)
    return jnp.concatenate([x[:, by:], zeros], 1) if by > 0 else jnp.concatenate([zeros, x[:, :by]], 1)


def scores(p: Parameters, f: dict[str, jax.Array], batch: dict[str, jax.Array], key: jax.Array | None) -> jax.Array:
    """Unnormalised tag scores, of shape (rows, words, tags). `f` holds the features of the batch's own words."""
    grams = jnp.where(f["grams"][..., None] >= 0, p["grams"][jnp.maximum(f["grams"], 0)], 0)
    count = jnp.maximum((f["grams"] >= 0).sum(-1, keepdims=True), 1)
    vector, form = f["vector"].astype(jnp.float32), p["form"][f["form"]]
    parts = [
        vector,
        form,
        p["prefix"][f["prefix"]],
        p["suffix"][f["suffix"]],
        p["shape"][f["shape"]],
        grams.sum(1) / jnp.sqrt(count),
        f["marks"],
    ]
    keys = jax.random.split(key, 8) if key is not None else [None] * 8
    if key is not None:
        # Whole kinds of knowledge are withheld at times, as of a word never met before.
        rates = (0.1, 0.25, 0.05, 0.05, 0.0, 0.1, 0.15)
        masks = jax.random.uniform(keys[0], (len(rates), form.shape[0], 1))
        parts = [part * (masks[i] >= rate) for i, (part, rate) in enumerate(zip(parts, rates, strict=True))]
    words = jax.nn.relu(jnp.concatenate(parts, -1) @ p["word"] + p["word_bias"])
    here = (batch["words"] > 0)[..., None]
    x = _dropped(words[batch["words"]] * here, keys[1], 0.2)
    half = REACH // 2
    around = jnp.concatenate([_shifted(x, offset) for offset in range(-half, half + 1)], -1)
    x = jax.nn.relu(around @ p["first"] + p["first_bias"]) * here
    x = _dropped(x, keys[2], 0.15)
    around = jnp.concatenate([_shifted(x, offset) for offset in (-1, 0, 1)], -1)
    x = (x + jax.nn.relu(around @ p["second"] + p["second_bias"])) * here
    x = _dropped(x, keys[3], 0.15)
    together = (batch["group"][:, :, None] == batch["group"][:, None, :]) * batch["candidate"][:, None, :]
    same = (together / jnp.maximum(together.sum(-1, keepdims=True), 1)) @ x
    around = jnp.concatenate([*(_shifted(x, offset) for offset in (-2, 0, 2)), same], -1)
    x = x + jax.nn.relu(around @ p["third"] + p["third_bias"])
    return _dropped(x, keys[4], 0.15) @ p["out"] + p["out_bias"]


def _dropped(x: jax.Array, key: jax.Array | None, rate: float) -> jax.Array:
    if key is None:
        return x
    # One mask for a whole row of words: as good here as one for each, and far cheaper.
    return x * jax.random.bernoulli(key, 1 - rate, (x.shape[0], 1, x.shape[2])) / (1 - rate)


def _loss(p: Parameters, f: dict[str, jax.Array], batch: dict[str, jax.Array], key: jax.Array) -> jax.Array:
    each = optax.softmax_cross_entropy_with_integer_labels(scores(p, f, batch, key), jnp.maximum(batch["tags"], 0))
    return (each * batch["weight"]).sum() / jnp.maximum(batch["weight"].sum(), 1)


def encoded(one: Example, vocabulary: Vocabulary) -> Arrays:
    """The example's words as rows of the vocabulary, with groups (the same word in any case), tags and weights."""
    groups: dict[str, int] = {}
    lower = [word.lower() for word in one.words]
    return {
        "words": np.array([vocabulary.number(word) for word in one.words], np.int32),
        "group": np.array([groups.setdefault(word, len(groups) + 1) for word in lower], np.int32),
        "candidate": np.array([word != form for word, form in zip(one.words, lower, strict=True)], np.float32),
        "tags": one.tags.astype(np.int32),
        "weight": (one.tags != UNKNOWN) * np.float32(WEIGHTS.get(one.corpus, 1.0)),
    }


def rows(examples: Sequence[Arrays], random: np.random.Generator) -> Iterator[Arrays]:
    """Documents in random order laid side by side in rows of `ROW` words, `GAP` empty places between two."""
    room, at, groups = _room(), 0, 0
    for number in random.permutation(len(examples)):
        one = examples[number]
        for begin in range(0, len(one["words"]), ROW):
            size = min(ROW, len(one["words"]) - begin)
            if at + size > ROW:
                yield room
                room, at, groups = _room(), 0, 0
            for name, values in one.items():
                room[name][at : at + size] = values[begin : begin + size]
            room["group"][at : at + size] += groups
            groups += len(one["words"])
            at += size + GAP
    yield room


def _room() -> Arrays:
    numbers = {name: np.zeros(ROW, np.int32) for name in ("words", "group", "tags")}
    return numbers | {name: np.zeros(ROW, np.float32) for name in ("candidate", "weight")}


def batches(cut: Sequence[Arrays]) -> Iterator[tuple[npt.NDArray[np.int32], Arrays]]:
    """Rows by `BATCH`: the numbers of the words in them, and the arrays with the words counted among those."""
    for i in range(0, len(cut) - BATCH + 1, BATCH):
        batch = {name: np.stack([row[name] for row in cut[i : i + BATCH]]) for name in cut[i]}
        used, place = np.unique(batch["words"], return_inverse=True)
        if used[0] != 0:
            used, place = np.concatenate([[0], used]), place + 1
        padded = np.zeros(-(-len(used) // 512) * 512, np.int32)
        padded[: len(used)] = used
        batch["words"] = place.reshape(batch["words"].shape).astype(np.int32)
        yield padded, batch


def trained(
    variations: Sequence[Sequence[Example]], lexicon: Lexicon, passes: int, seed: int = 0, rate: float = 2e-3
) -> Parameters:
    """The network after `passes` over the documents, in turn over their `variations`: a running mean of its weights."""
    random = np.random.default_rng(seed)
    vocabulary = Vocabulary()
    examples = [[encoded(one, vocabulary) for one in variation] for variation in variations]
    per_pass = min(sum(1 for _ in rows(one, np.random.default_rng(0))) for one in examples) // BATCH - 1
    features = vocabulary.arrays(lexicon)
    total = per_pass * passes
    schedule = optax.warmup_cosine_decay_schedule(0, rate, total // 20, total, rate / 100)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=0.01))
    parameters = jax.tree.map(jnp.asarray, fresh(seed, features["vector"].shape[1]))
    state = optimizer.init(parameters)

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def step(p: Parameters, mean: Parameters, s: Any, f: Any, batch: Any, key: jax.Array, decay: float) -> Any:
        loss, gradient = jax.value_and_grad(_loss)(p, f, batch, key)
        updates, s = optimizer.update(gradient, s, p)
        p = optax.apply_updates(p, updates)
        return p, jax.tree.map(lambda m, x: decay * m + (1 - decay) * x, mean, p), s, loss

    mean = jax.tree.map(jnp.copy, parameters)
    started = time.monotonic()
    for turn in range(passes):
        losses = []
        cut = list(rows(examples[turn % len(examples)], random))
        for number, (used, batch) in enumerate(islice(batches(cut), per_pass), turn * per_pass):
            chosen = {name: value[used] for name, value in features.items()}
            decay = min(0.998, number / (number + 10))
            parameters, mean, state, loss = step(parameters, mean, state, chosen, batch, jax.random.key(number), decay)
            losses.append(loss)
        log.info(
            "pass %d of %d, loss %.4f, %.0f s", turn + 1, passes, float(np.mean(losses)), time.monotonic() - started
        )
    return {name: np.asarray(value) for name, value in mean.items()}


def packed(parameters: Parameters, lexicon: Arrays) -> Arrays:
    """The weights as the project keeps them: tables in 8 bits with a scale a row, the rest in 16 bits."""
    out: Arrays = dict(lexicon)
    for name, value in parameters.items():
        if name in SIZES:
            scale = np.maximum(np.abs(value).max(1, keepdims=True) / 127, 1e-6)
            out[name + "_scale"] = scale.astype(np.float32)
            out[name + "_int8"] = np.round(value / scale).astype(np.int8)
        else:
            out[name] = value.astype(np.float16)
    return out


def write(path: Path, arrays: Arrays) -> None:
    """The arrays as one compressed .npz file, the same bytes for the same arrays."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, value in sorted(arrays.items()):
            content = io.BytesIO()
            np.lib.format.write_array(content, value, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue(), zipfile.ZIP_DEFLATED)
