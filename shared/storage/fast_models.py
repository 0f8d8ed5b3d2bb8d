"""Makes, reads and writes items by a plan for each model, with the results of pynamodb.

pynamodb asks each attribute of each item, through descriptors. docs/decisions/0047 says why this is
safe and what it saves.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pynamodb import attributes as kinds
from pynamodb.exceptions import AttributeNullError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from shared.storage import fast_path
from shared.storage.fast_expressions import add_expressions


class _Field:
    """An attribute of a model. An item has its value under its name."""

    def __init__(self, name: str, attribute: kinds.Attribute[Any]) -> None:
        self.name = name
        self.attribute = attribute
        self.is_plain = _is_plain(attribute)

    def __get__(self, item: Model | None, model: type[Model]) -> Any:
        return self.attribute if item is None else item.attribute_values.get(self.name)

    def __set__(self, item: Model, value: Any) -> None:
        if self.is_plain:
            item.attribute_values[self.name] = value
        else:
            self.attribute.__set__(item, value)


class FastModel(Model):
    """A model without a discriminator and a version attribute."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if fast_path.is_on():
            own = [each for each in vars(cls).items() if isinstance(each[1], kinds.Attribute)]
            for name, attribute in own:
                setattr(cls, name, _Field(name, attribute))

    def __init__(
        self,
        hash_key: Any = None,
        range_key: Any = None,
        _user_instantiated: bool = True,
        **attributes: Any,
    ) -> None:
        """Raises ValueError for a name that no attribute has."""
        if fast_path.is_on():
            names, setters, constants, factories = _beginnings(type(self), _user_instantiated)
            values = constants | attributes
            for name, make in factories:
                if name not in attributes:
                    values[name] = make()
            if hash_key is not None:
                values[self._hash_keyname] = hash_key
            if range_key is not None:
                values[self._range_keyname] = range_key
            if names.issuperset(values):
                self.attribute_values = values
                for name in setters & values.keys():
                    setattr(self, name, values.pop(name))
                return
        super().__init__(hash_key, range_key, _user_instantiated, **attributes)

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
        put = {"TableName": self.Meta.table_name, "Item": self.serialize()}
        return add_expressions(put, condition, return_values_on_condition_failure)

    def get_update_kwargs_from_instance(
        self,
        actions: list[Action],
        condition: Condition | None = None,
        return_values_on_condition_failure: str | None = None,
        *,
        add_version_condition: bool = True,
    ) -> dict[str, Any]:
        returned = return_values_on_condition_failure
        if not fast_path.is_on():
            return super().get_update_kwargs_from_instance(
                actions, condition, returned, add_version_condition=add_version_condition
            )
        update = {"TableName": self.Meta.table_name, "Key": _serialize_key(self)}
        return add_expressions(update, condition, returned, actions)


def serialize(instance: kinds.AttributeContainer, *, null_check: bool) -> dict[str, dict[str, Any]]:
    """As pynamodb's `_container_serialize`. Raises AttributeNullError."""
    stored: dict[str, dict[str, Any]] = {}
    values = instance.attribute_values
    for name, key, kind, is_optional, encode in _encoders(type(instance)):
        value = values.get(name)
        if value is not None and encode is not None:
            try:
                value = encode(value, null_check)
            except AttributeNullError as error:
                error.prepend_path(name)
                raise
        if value is not None:
            stored[key] = {kind: value}
        elif null_check and not is_optional:
            raise AttributeNullError(name)
    return stored


def _is_plain(attribute: Any) -> bool:
    """Whether an item has the value as it is set."""
    return type(attribute).__set__ is kinds.Attribute.__set__


@cache
def _beginnings(container: type[kinds.AttributeContainer], is_new: bool) -> tuple[Any, ...]:
    """All names, those of attributes that set their value in a way of their own, and the defaults.

    A default is a value or a function that makes one.
    """
    own = container.get_attributes()
    setters = {name for name, attribute in own.items() if not _is_plain(attribute)}
    found = {n: at.default_for_new if is_new else None for n, at in own.items()}
    defaults = {n: own[n].default if value is None else value for n, value in found.items()}
    constants = {
        n: value for n, value in defaults.items() if value is not None and not callable(value)
    }
    factories = [(n, value) for n, value in defaults.items() if callable(value)]
    return frozenset(own), setters, constants, factories


def _serialize_key(model: FastModel) -> dict[str, dict[str, Any]]:
    key = {}
    for name, attribute in _key_attributes(type(model)):
        value = model.attribute_values.get(name)
        if value is not None or attribute.is_hash_key:
            key[attribute.attr_name] = {attribute.attr_type: attribute.serialize(value)}
    return key


@cache
def _key_attributes(model: type[FastModel]) -> list[tuple[str, Any]]:
    """The hash key and, where there is one, the range key."""
    own = model.get_attributes().items()
    keys = [(name, at) for name, at in own if at.is_hash_key or at.is_range_key]
    return sorted(keys, key=lambda key: key[1].is_range_key)


@cache
def _encoders(container: type[kinds.AttributeContainer]) -> list[Any]:
    own = container.get_attributes().items()
    return [(n, at.attr_name, at.attr_type, at.null, _find_encoder(at)) for n, at in own]


def _find_encoder(attribute: Any) -> Callable[[Any, bool], Any] | None:
    """None: the value is stored as it is."""
    kind, serialize = type(attribute), attribute.serialize
    if kind is kinds.ListAttribute and attribute.element_type is kinds.UnicodeAttribute:
        return lambda texts, null_check: (
            [{"S": text} for text in texts]
            if type(texts) is list and set(map(type, texts)) <= {str}
            else serialize(texts, null_check=null_check)
        )
    if issubclass(kind, kinds.MapAttribute | kinds.ListAttribute):
        return lambda value, null_check: serialize(value, null_check=null_check)
    if kind is kinds.UnicodeAttribute:
        return None
    own: dict[type, Callable[[Any, bool], Any]] = {
        kinds.JSONAttribute: lambda value, _: "{}" if value == {} else serialize(value),
        kinds.NumberAttribute: lambda n, _: str(n) if type(n) is int else serialize(n),
        kinds.UTCDateTimeAttribute: lambda at, _: _time(at) if at.tzinfo is UTC else serialize(at),
    }
    return own.get(kind) or (lambda value, _: serialize(value))


def _time(time: datetime) -> str:
    return f"{time.isoformat(timespec='microseconds')[:-6]}+0000"


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
    if not _is_plain(attribute):
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
