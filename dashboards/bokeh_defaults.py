"""Defaults of Bokeh's models, found once for each class: Bokeh 3.9 finds them again for each object and each look.

A page has 600 models of 60 properties, of which it sets ten. Bokeh looks at all of them when it makes a model,
when it searches one for others, and when it writes one as JSON; for a property that is not set it then joins the
defaults of all parent classes, copies the default and validates the copy. That was more than half of a page's
function calls. A default that is a number, a text or None is the same at each look: here it is found once, and a
look for other models and for what is written passes over it.

Bokeh has no setting for this; its functions are replaced. What a page sends stays the same to the byte
(``tests/dashboards/test_bokeh_defaults.py``, which also says when a replaced function can go).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from inspect import getattr_static
from typing import Any, cast

import bokeh.model.util
import panel.io.document
from bokeh.core.has_props import HasProps
from bokeh.core.property.descriptors import PropertyDescriptor
from bokeh.core.property.wrappers import PropertyValueContainer
from bokeh.settings import settings

CONSTANT_TYPES = (type(None), bool, int, float, str)
"""The types of defaults that nobody can change and that hold no other model."""
NOT_CONSTANT = object()
"""Stands for a default that each object has for itself, or that is missing."""

FIND_OVERRIDDEN: Any = getattr_static(HasProps, "_overridden_defaults").__func__
FIND_UNSTABLE = PropertyDescriptor.has_unstable_default
FIND_DEFAULT = PropertyDescriptor.instance_default
VISIT_REFERENCES = bokeh.model.util.visit_immediate_value_references
QUERY_PROPERTIES = HasProps.query_properties_with_values


@cache
def overridden_defaults(kind: type[HasProps]) -> dict[str, Any]:
    """Join the defaults that a class and its parents replace; nobody changes the result."""
    found: dict[str, Any] = FIND_OVERRIDDEN(kind)
    return found


@cache
def unstable_for_class(descriptor: PropertyDescriptor[Any], kind: type[HasProps]) -> bool:
    """Whether each object of a class has a default of its own."""
    return bool(FIND_UNSTABLE(descriptor, kind))  # type: ignore[arg-type]  # it reads attributes of the class


@cache
def constant_default(descriptor: PropertyDescriptor[Any], kind: type[HasProps]) -> Any:
    """Return the default of all objects of a class; :data:`NOT_CONSTANT` if they have none in common."""
    if unstable_for_class(descriptor, kind):
        return NOT_CONSTANT
    value = descriptor.property.themed_default(kind, descriptor.name, None)
    return value if type(value) in CONSTANT_TYPES else NOT_CONSTANT


@cache
def empty_default(descriptor: PropertyDescriptor[Any], kind: type[HasProps]) -> type | None:
    """Return the type of a default that is a new empty list, dictionary or set for each object; else None."""
    given = overridden_defaults(kind).get(descriptor.name, descriptor.property._default)
    if callable(given) or not isinstance(given, list | dict | set):
        return None
    value = descriptor.property.themed_default(kind, descriptor.name, None)
    return type(value) if isinstance(value, PropertyValueContainer) and not value else None


@cache
def constant_names(kind: type[HasProps]) -> frozenset[str]:
    """Return the names of the properties that have a constant default."""
    found = {name: kind.lookup(name) for name in kind.properties()}
    return frozenset(
        name
        for name, one in found.items()
        if isinstance(one, PropertyDescriptor) and constant_default(one, kind) is not NOT_CONSTANT
    )


def has_unstable_default(descriptor: PropertyDescriptor[Any], model: HasProps) -> bool:
    """Whether a model has a default of its own."""
    return unstable_for_class(descriptor, type(model))


def instance_default(descriptor: PropertyDescriptor[Any], model: HasProps) -> Any:
    """Return a model's default; a theme's comes first."""
    themed = themed_values(model)
    if themed is None or descriptor.name not in themed:
        found = constant_default(descriptor, type(model))
        if found is not NOT_CONSTANT:
            return found
        empty = empty_default(descriptor, type(model))
        if empty is not None:
            return empty()
    return FIND_DEFAULT(descriptor, model)


def themed_values(model: HasProps) -> dict[str, Any] | None:
    """Return what a theme says of a model, without Bokeh's search for similar names where no theme does."""
    found: dict[str, Any] | None = vars(model).get("__themed_values__")
    return found


def visit_references(value: Any, visitor: Callable[[Any], None]) -> None:
    """Visit the models in a model's properties; a constant default has none."""
    if not isinstance(value, HasProps):
        VISIT_REFERENCES(value, visitor)
        return
    kind = type(value)
    constant, given, themed = constant_names(kind), value._property_values, themed_values(value) or ()
    for name in kind.properties_with_refs():
        if name in given or name in themed or name not in constant:
            bokeh.model.util.visit_value_and_its_immediate_references(getattr(value, name), visitor)


def query_properties(
    model: HasProps, query: Callable[[PropertyDescriptor[Any]], bool], **options: Any
) -> dict[str, Any]:
    """Return a model's properties; where defaults are left out, constant ones are not looked at."""
    if options.get("include_defaults", True):
        return QUERY_PROPERTIES(model, query, **options)
    constant, given, themed = constant_names(type(model)), model._property_values, themed_values(model) or ()

    def asked(descriptor: PropertyDescriptor[Any]) -> bool:
        name = descriptor.name
        return (name in given or name in themed or name not in constant) and query(descriptor)

    return QUERY_PROPERTIES(model, asked, **options)


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (HasProps, "_overridden_defaults", classmethod(cast(Any, overridden_defaults))),
    (HasProps, "themed_values", themed_values),
    (HasProps, "query_properties_with_values", query_properties),
    (PropertyDescriptor, "has_unstable_default", has_unstable_default),
    (PropertyDescriptor, "instance_default", instance_default),
    (bokeh.model.util, "visit_immediate_value_references", visit_references),
    (panel.io.document, "visit_immediate_value_references", visit_references),
)
"""Where Bokeh's functions are, their names, and ours."""
BOKEHS = tuple((place, name, getattr_static(place, name)) for place, name, _ in REPLACED)
"""Bokeh's own."""


@cache
def keep_defaults() -> None:
    """Replace Bokeh's functions, and leave out its checks of the author's work; once for a process.

    It checks each document and the signature of each callback, a tenth of the time that is left.
    """
    for place, name, ours in REPLACED:
        setattr(place, name, ours)
    settings.perform_document_validation = False
    settings.perform_error_diagnostics = False
