"""What a page says and draws, read from its components."""

from __future__ import annotations

from typing import Any


def words(component: Any) -> str:
    """Everything that a component says, in order."""
    if component is None or isinstance(component, str | int | float):
        return "" if component is None else str(component)
    if isinstance(component, list | tuple):
        return " ".join(filter(None, (words(one) for one in component)))
    return words(getattr(component, "children", None))


def drawings(component: Any) -> dict[str, Any]:
    """The figures that a component holds, by the key of their block."""
    if isinstance(component, list | tuple):
        return {key: value for one in component for key, value in drawings(one).items()}
    known = getattr(component, "id", None)
    if isinstance(known, dict) and known.get("type") == "drawing":
        return {known["key"]: component.data}
    return drawings(getattr(component, "children", None) or [])


def links(component: Any) -> list[str]:
    """Where a component's links lead, in order."""
    if isinstance(component, list | tuple):
        return [href for one in component for href in links(one)]
    own = [component.href] if hasattr(component, "href") else []
    return own + links(getattr(component, "children", None) or [])
