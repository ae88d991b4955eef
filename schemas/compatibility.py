"""Whether what was written under an old JSON Schema can still be read under a new one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_Deeper = Callable[[Any, Any, str], list[str]]

_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_COMPARED = {"type", "const", "enum", "required", "properties", "items", "additionalProperties", "anyOf", "oneOf"}
_EXACT = ("pattern", "format", "contentEncoding")
_WORDS_ONLY = {"title", "description", "default", "examples", "deprecated", "discriminator", "$defs", "$ref"}
_KNOWN = {*_COMPARED, *_EXACT, *_WORDS_ONLY, *_LOWER_BOUNDS, *_UPPER_BOUNDS}


def breaking_changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Every change, in words, by which a value that `old` accepts could be refused by `new`.

    Both are JSON Schemas as pydantic exports them. What this cannot compare it reports as breaking.
    """
    return _compare(old, new, old, new, "$", frozenset())


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def _compare(
    old: Any, new: Any, old_root: dict[str, Any], new_root: dict[str, Any], at: str, seen: frozenset[str]
) -> list[str]:
    if isinstance(old, bool) or isinstance(new, bool):
        return [] if old == new or new is True else [f"{at}: {old} became {new}"]
    key = f"{old.get('$ref')}|{new.get('$ref')}"
    if "$ref" in old and key in seen:
        return []
    seen = seen | {key}
    old, new = _resolved(old, old_root), _resolved(new, new_root)

    def deeper(one: Any, other: Any, step: str) -> list[str]:
        return _compare(one, other, old_root, new_root, f"{at}{step}", seen)

    union = _options(old), _options(new)
    if union[0] or union[1]:
        return _unions(old, new, deeper)
    return [
        *_kinds(old, new, at),
        *_bounds(old, new, at),
        *_objects(old, new, at, deeper),
        *_parts(old, new, at, deeper),
    ]


def _options(schema: dict[str, Any]) -> list[Any]:
    return list(schema.get("anyOf") or schema.get("oneOf") or [])


def _unions(old: dict[str, Any], new: dict[str, Any], deeper: _Deeper) -> list[str]:
    """Each alternative of the old must be taken by one of the new."""
    problems: list[str] = []
    for number, option in enumerate(_options(old) or [old]):
        tries = (deeper(option, other, f"|{number}") for other in (_options(new) or [new]))
        fewest: list[str] = min(tries, key=len)
        problems += fewest
    return problems


def _kinds(old: dict[str, Any], new: dict[str, Any], at: str) -> list[str]:
    problems = []
    number = old.get("type") == "integer" and new.get("type") == "number"
    if "type" in new and old.get("type") != new["type"] and not number:
        problems.append(f"{at}: type {old.get('type')} became {new['type']}")
    problems += _allowed(old, new, at)
    problems += [
        f"{at}: {word} {old.get(word)!r} became {new[word]!r}"
        for word in (*_EXACT, *sorted(new.keys() - _KNOWN))
        if word in new and new[word] != old.get(word)
    ]
    return problems


def _allowed(old: dict[str, Any], new: dict[str, Any], at: str) -> list[str]:
    before, after = _values(old), _values(new)
    if after is None:
        return []
    if before is None:
        return [f"{at}: now only {sorted(map(str, after))}"]
    lost = sorted(str(value) for value in before if value not in after)
    return [f"{at}: {', '.join(lost)} no longer allowed"] if lost else []


def _values(schema: dict[str, Any]) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def _bounds(old: dict[str, Any], new: dict[str, Any], at: str) -> list[str]:
    tighter_low = [word for word in _LOWER_BOUNDS if word in new and (word not in old or new[word] > old[word])]
    tighter_high = [word for word in _UPPER_BOUNDS if word in new and (word not in old or new[word] < old[word])]
    return [f"{at}: {word} {old.get(word)} became {new[word]}" for word in tighter_low + tighter_high]


def _objects(old: dict[str, Any], new: dict[str, Any], at: str, deeper: _Deeper) -> list[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    closed = new.get("additionalProperties") is False
    problems = [f"{at}.{name}: removed" for name in before if name not in after and closed]
    newly = sorted(set(new.get("required", ())) - set(old.get("required", ())))
    problems += [f"{at}.{name}: now required" for name in newly]
    for name in before:
        if name in after:
            problems += deeper(before[name], after[name], f".{name}")
    return problems


def _parts(old: dict[str, Any], new: dict[str, Any], at: str, deeper: _Deeper) -> list[str]:
    problems: list[str] = []
    for word in ("items", "additionalProperties"):
        if word in new and word in old:
            problems += deeper(old[word], new[word], f".{word}")
        elif word in new and new[word] is not True:
            problems.append(f"{at}: {word} now only {new[word]}")
    return problems
