"""A small schema: typed fields with lax coercion, for payloads of a fixed set of field types.

Written by hand because validation runs in the caller's thread for every event. The rules are those that programs know:
a number may come as a numeric string, a text as UTF-8 bytes, a list as a tuple.
"""

import json
from typing import Any, Callable, ClassVar, Dict, List, Mapping, NamedTuple, Optional, Tuple, Type, TypeVar, Union

from lightwell import EventSchema

from .exceptions import ValidationError

Coercer = Callable[[Any], Any]
_Model = TypeVar("_Model", bound="Model")

_MISSING: Any = object()
_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})
_FALSE = frozenset({"0", "false", "f", "no", "n", "off"})


class FieldInfo(NamedTuple):
    """One field of a schema. `exact` is the type that needs no coercion, `kind` what the native core calls it."""

    name: str
    coerce: Coercer
    exact: Optional[type]
    default: Any
    nullable: bool
    kind: str

    @property
    def required(self) -> bool:
        """Whether the key must be present."""
        return self.default is _MISSING


class Model:
    """A payload with named fields. Keywords it does not know are ignored.

    `ValidationError` (a `ValueError`) names the class and the field.
    """

    schema: ClassVar[Tuple[FieldInfo, ...]] = ()
    model_fields: ClassVar[Dict[str, FieldInfo]] = {}
    __fields__: ClassVar[Dict[str, FieldInfo]] = {}

    def __init_subclass__(cls) -> None:
        cls.schema = tuple(
            _field(name, annotation, cls.__dict__.get(name, _MISSING))
            for name, annotation in cls.__annotations__.items()
        )
        cls.model_fields = cls.__fields__ = {field.name: field for field in cls.schema}

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(self.coerce(values))

    @classmethod
    def coerce(cls, values: Mapping[str, Any]) -> Dict[str, Any]:
        """All fields in order of declaration, coerced, defaults filled in."""
        coerced: Dict[str, Any] = {}
        for name, coerce, exact, default, nullable, _kind in cls.schema:
            value = values.get(name, _MISSING)
            if value is _MISSING:
                if default is _MISSING:
                    raise ValidationError(f"{cls.__name__}.{name} is required")
                value = default
            elif type(value) is not exact and not (value is None and nullable):
                try:
                    value = coerce(value)
                except (TypeError, ValueError) as error:
                    raise ValidationError(f"{cls.__name__}.{name} {error}") from None
            coerced[name] = value
        return coerced

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> None:
        """As `coerce`, without making anything."""
        for name, coerce, exact, default, nullable, _kind in cls.schema:
            value = values.get(name, _MISSING)
            if type(value) is exact:
                continue
            if value is _MISSING:
                if default is _MISSING:
                    raise ValidationError(f"{cls.__name__}.{name} is required")
            elif not (value is None and nullable):
                try:
                    coerce(value)
                except (TypeError, ValueError) as error:
                    raise ValidationError(f"{cls.__name__}.{name} {error}") from None

    @classmethod
    def native(cls, event_type: str) -> EventSchema:
        """The schema as the native core knows it."""
        fields = [
            (field.name, field.kind, field.nullable, () if field.required else (field.default,)) for field in cls.schema
        ]
        return EventSchema(event_type, fields)

    @classmethod
    def model_validate(cls: Type[_Model], values: Mapping[str, Any]) -> _Model:
        """An instance from a mapping."""
        return cls(**values)

    def model_dump(self) -> Dict[str, Any]:
        """The fields in order of declaration."""
        return {field.name: getattr(self, field.name) for field in self.schema}

    def dict(self) -> Dict[str, Any]:
        """As `model_dump`."""
        return self.model_dump()

    def model_dump_json(self) -> str:
        """The fields as JSON text."""
        return json.dumps(self.model_dump())

    def json(self) -> str:
        """As `model_dump_json`."""
        return self.model_dump_json()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.model_dump().items())
        return f"{type(self).__name__}({fields})"


def as_text(value: Any) -> str:
    """A text, from text or UTF-8 bytes."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8")
    raise ValueError("must be a string")


def as_int(value: Any) -> int:
    """A whole number, from an int, a bool, an integral float or a numeric string."""
    if isinstance(value, (int, bool)):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return int(value.strip())
    raise ValueError("must be a whole number")


def as_float(value: Any) -> float:
    """A number, from a number, a bool or a numeric string."""
    if isinstance(value, (float, int, str)):
        return float(value)
    raise ValueError("must be a number")


def as_bool(value: Any) -> bool:
    """A truth value, from a bool, 0 or 1, or the usual words."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and value in (0, 1):
        return bool(value)
    word = value.strip().lower() if isinstance(value, str) else ""
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError("must be true or false")


def as_number(value: Any) -> Union[int, float]:
    """An int or float as it is; a numeric string becomes the one it looks like."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        try:
            return int(value.strip())
        except ValueError:
            return float(value)
    raise ValueError("must be a number")


def as_primitive(value: Any) -> Union[str, int, float, bool]:
    """A text, number or truth value as it is."""
    if isinstance(value, (str, int, float)):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8")
    raise ValueError("must be a string, a number or a truth value")


def as_any(value: Any) -> Any:
    """Anything, also None."""
    return value


def as_dict(value: Any) -> Dict[str, Any]:
    """A dict with string keys, from any mapping."""
    if type(value) is dict:
        for key in value:
            if type(key) is not str:
                break
        else:
            return value.copy()
    return _dict_of(as_any, value)


def _dict_of(coerce: Coercer, value: Any) -> Dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("must be a dictionary")
    return {as_text(key): coerce(item) for key, item in value.items()}


def _list_of(coerce: Coercer, value: Any) -> List[Any]:
    if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__iter__"):
        raise ValueError("must be a list")
    return [coerce(item) for item in value]


_COERCERS: Dict[Any, Tuple[Coercer, Optional[type], str]] = {
    str: (as_text, str, "text"),
    int: (as_int, int, "whole"),
    float: (as_float, float, "real"),
    bool: (as_bool, bool, "flag"),
    Any: (as_any, None, "any"),
    Union[int, float]: (as_number, float, "number"),
    Union[str, int, float, bool]: (as_primitive, str, "primitive"),
    Dict[str, Any]: (as_dict, None, "object"),
    Dict[str, str]: (lambda value: _dict_of(as_text, value), None, "other"),
    Dict[str, Union[int, float]]: (lambda value: _dict_of(as_number, value), None, "other"),
    List[str]: (lambda value: _list_of(as_text, value), None, "texts"),
    List[Dict[str, Any]]: (lambda value: _list_of(as_dict, value), None, "objects"),
}


def _field(name: str, annotation: Any, default: Any) -> FieldInfo:
    arguments = getattr(annotation, "__args__", ())
    nullable = annotation is Any or type(None) in arguments
    if nullable and annotation is not Any:
        annotation = Union[tuple(item for item in arguments if item is not type(None))]
    coerce, exact, kind = _COERCERS[annotation]
    return FieldInfo(name, coerce, exact, default, nullable, kind)
