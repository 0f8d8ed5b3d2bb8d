"""Records: classes of named values that cost a thirtieth of a data class to define.

`dataclass` writes, compiles and runs the code of several methods for each class. A handler imports
about forty: a tenth of its cold start. All records share the methods of one class. They are written
like data classes, and type checkers check them like data classes.

    class Price(Record):
        amount_minor: int
        currency: str = "EUR"

A record is frozen, and can be a key of a dict, unless its class has `frozen=False`. A field can be
`dataclasses.field(...)` with `default_factory`, `repr=False` for a secret, or `init=False`, which
`__post_init__` sets. A subclass adds its fields to those of its base.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, field
from typing import Any, ClassVar, NoReturn, Self, dataclass_transform


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Record:
    __match_args__: ClassVar[tuple[str, ...]] = ()  # the names of the fields, in their order
    _names: ClassVar[frozenset[str]] = frozenset()
    _defaults: ClassVar[Mapping[str, Any]] = {}
    _factories: ClassVar[Mapping[str, Callable[[], Any]]] = {}
    _secrets: ClassVar[frozenset[str]] = frozenset()
    __post_init__: ClassVar[Callable[..., None] | None] = None

    def __init_subclass__(cls, *, frozen: bool = True) -> None:
        super().__init_subclass__()
        defaults = {name: vars(cls)[name] for name in cls.__annotations__ if name in vars(cls)}
        names = dict.fromkeys((*cls.__match_args__, *cls.__annotations__))
        for name, default in list(defaults.items()):
            if isinstance(default, Field):
                del defaults[name]
                delattr(cls, name)
                cls._read_field(name, default)
                if not default.init:
                    del names[name]
        shared = [name for name, default in defaults.items() if default.__hash__ is None]
        if shared:
            raise TypeError(
                f"all {cls.__name__} would share the default of {shared}: use a factory"
            )
        cls.__match_args__ = tuple(names)  # type: ignore[misc]
        cls._names = frozenset(names)
        cls._defaults = {**cls._defaults, **defaults}
        if defaults.keys() & cls._factories.keys():  # of a base
            cls._factories = {k: v for k, v in cls._factories.items() if k not in defaults}
        if not frozen:
            cls.__setattr__ = object.__setattr__  # type: ignore[assignment]
            cls.__delattr__ = object.__delattr__  # type: ignore[assignment]
            cls.__hash__ = None  # type: ignore[assignment]

    @classmethod
    def _read_field(cls, name: str, described: Field[Any]) -> None:
        if described.default is not MISSING:
            cls._factories = {**cls._factories, name: lambda: described.default}
        if described.default_factory is not MISSING:
            cls._factories = {**cls._factories, name: described.default_factory}
        if not described.repr:
            cls._secrets |= {name}

    def __init__(self, *values: Any, **named: Any) -> None:
        """Raises TypeError unless each field without a default has one value."""
        names, state = self.__match_args__, self.__dict__
        given = len(values) + len(named)
        if given < len(names):
            state.update(self._defaults)
            if self._factories:
                state.update({name: make() for name, make in self._factories.items()})
        if values:
            state.update(zip(names, values))  # noqa: B905 (strict=False costs a sixth of the call)
        if named:
            state.update(named)
        if (named or given != len(names)) and (
            state.keys() != self._names
            or given > len(names)
            or (given < len(names) and values and not named.keys().isdisjoint(names[: len(values)]))
        ):
            raise TypeError(f"{type(self).__name__} needs one value for each of {names}")
        if self.__post_init__:
            self.__post_init__()

    def replace(self, **changes: Any) -> Self:
        """A copy with other values in these fields."""
        return type(self)(**{**self._values(), **changes})

    def _values(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in self.__match_args__}

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash(tuple(self._values().values()))

    def __repr__(self) -> str:
        shown = [f"{k}={v!r}" for k, v in self._values().items() if k not in self._secrets]
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __setattr__(self, name: str, _: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot change")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot change")
