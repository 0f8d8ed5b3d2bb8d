"""Makes, reads and writes items by a plan for each model, with the results of pynamodb.

pynamodb asks each attribute of each item, through descriptors. docs/decisions/0047 says why this is
safe and what it saves.
"""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from pynamodb import attributes as kinds
from pynamodb.exceptions import AttributeNullError
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from shared.storage import fast_path


class FastModel(Model):
    """A model without a discriminator and a version attribute."""

    def serialize(self, null_check: bool = True) -> dict[str, dict[str, Any]]:
        if fast_path.is_on():
            return serialize(self, null_check=null_check)
        return super().serialize(null_check)

    def get_save_kwargs_from_instance(
        self,
        condition: Condition | None = None,
        return_values_on_condition_failure: str | None = None,
    ) -> dict[str, Any]:
        if not fast_path.is_on():
            returned = return_values_on_condition_failure
            return super().get_save_kwargs_from_instance(condition, returned)
        put: dict[str, Any] = {"TableName": self.Meta.table_name, "Item": self.serialize()}
        names: dict[str, str] = {}
        values: dict[str, Any] = {}
        if condition is not None:
            put["ConditionExpression"] = condition.serialize(names, values)
        if return_values_on_condition_failure is not None:
            put["ReturnValuesOnConditionCheckFailure"] = return_values_on_condition_failure
        if names:
            put["ExpressionAttributeNames"] = {short: name for name, short in names.items()}
        if values:
            put["ExpressionAttributeValues"] = values
        return put

    def _set_defaults(self, _user_instantiated: bool = True) -> None:
        if not fast_path.is_on():
            return super()._set_defaults(_user_instantiated)
        for name, default, is_called, is_plain in _defaults(type(self), _user_instantiated):
            value = default() if is_called else default
            if is_plain:
                self.attribute_values[name] = value
            else:
                setattr(self, name, value)
        return None

    def _set_attributes(self, **attributes: Any) -> None:
        """Raises ValueError for a name that no attribute has."""
        if not fast_path.is_on():
            return super()._set_attributes(**attributes)
        plain = _plain_names(type(self))
        for name, value in attributes.items():
            if name in plain:
                self.attribute_values[name] = value
            elif name in self.get_attributes():
                setattr(self, name, value)
            else:
                raise ValueError(f"Attribute {name} specified does not exist")
        return None


def serialize(instance: kinds.AttributeContainer, *, null_check: bool) -> dict[str, dict[str, Any]]:
    """As pynamodb's `_container_serialize`. Raises AttributeNullError."""
    stored: dict[str, dict[str, Any]] = {}
    values = instance.attribute_values
    for name, key, kind, is_optional, encode in _encoders(type(instance)):
        value = values.get(name)
        try:
            encoded = None if value is None else encode(value, null_check)
        except AttributeNullError as error:
            error.prepend_path(name)
            raise
        if encoded is not None:
            stored[key] = {kind: encoded}
        elif null_check and not is_optional:
            raise AttributeNullError(name)
    return stored


@cache
def _defaults(container: type[kinds.AttributeContainer], is_new: bool) -> list[Any]:
    found = []
    for name, attribute in container.get_attributes().items():
        for_new = attribute.default_for_new if is_new else None
        default = attribute.default if for_new is None else for_new
        if default is not None:
            plain = name in _plain_names(container)
            found.append((name, default, callable(default), plain))
    return found


@cache
def _plain_names(container: type[kinds.AttributeContainer]) -> frozenset[str]:
    """Of the attributes that keep a value as it is given."""
    own = container.get_attributes().items()
    return frozenset(n for n, at in own if type(at).__set__ is kinds.Attribute.__set__)


@cache
def _encoders(container: type[kinds.AttributeContainer]) -> list[Any]:
    own = container.get_attributes().items()
    return [(n, at.attr_name, at.attr_type, at.null, _find_encoder(at)) for n, at in own]


def _find_encoder(attribute: Any) -> Callable[[Any, bool], Any]:
    if isinstance(attribute, kinds.MapAttribute | kinds.ListAttribute):
        return lambda value, null_check: attribute.serialize(value, null_check=null_check)
    if type(attribute) is kinds.UnicodeAttribute:
        return lambda text, _: text
    if type(attribute) is kinds.NumberAttribute:
        return lambda number, _: str(number) if type(number) is int else attribute.serialize(number)
    return lambda value, _: attribute.serialize(value)


def instantiate(container: type[kinds.AttributeContainer], stored: Any) -> Any:
    """As pynamodb's `_instantiate`, for classes without a discriminator."""
    fields, defaults = _plan(container)
    values = {name: default() if callable(default) else default for name, default in defaults}
    instance = container.__new__(container)
    instance.__dict__.update(attribute_values=values, attribute_kwargs={})
    for attribute, name, key, kind, decode in fields:
        value = stored.get(key)
        if value and "NULL" not in value:
            raw = value[kind] if kind in value else attribute.get_value(value)
            if decode is None:  # the attribute sets its value in a way of its own
                setattr(instance, name, attribute.deserialize(raw))
            else:
                values[name] = decode(raw)
    return instance


@cache
def _plan(container: type[kinds.AttributeContainer]) -> tuple[list[Any], list[Any]]:
    own = container.get_attributes().items()
    fields = [(at, name, at.attr_name, at.attr_type, _find_decoder(at)) for name, at in own]
    return fields, [(name, at.default) for name, at in own if at.default is not None]


def _find_decoder(attribute: Any) -> Any:
    """A function of what is stored. None: the attribute sets its value in a way of its own."""
    if isinstance(attribute, kinds.MapAttribute):
        return type(attribute)._instantiate  # noqa: SLF001
    if isinstance(attribute, kinds.ListAttribute) and attribute.element_type:
        return _list_decoder(attribute, attribute.element_type())
    if type(attribute).__set__ is not kinds.Attribute.__set__:
        return None
    own = {kinds.UnicodeAttribute: lambda text: text, kinds.NumberAttribute: _number}
    return own.get(type(attribute), attribute.deserialize)


def _list_decoder(attribute: Any, element: Any) -> Callable[[Any], Any]:
    kind, decode = element.attr_type, _find_decoder(element) or element.deserialize

    def decode_list(elements: Any) -> Any:
        try:
            return [None if "NULL" in each else decode(each[kind]) for each in elements]
        except KeyError:
            return attribute.deserialize(elements)  # raises, with the element's path

    return decode_list


def _number(text: Any) -> Any:
    is_plain = type(text) is str and text.isdecimal() and text.isascii() and text[0] != "0"
    return int(text) if is_plain else json.loads(text)
