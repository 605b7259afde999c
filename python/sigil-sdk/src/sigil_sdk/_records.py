"""Dataclasses that cost an importing program almost nothing.

`dataclasses` itself takes longer to import than all of this package, and compiles several functions for each class. Here a
class gets its slots at once and its `__init__` when the first object is made; everything that the standard module adds
(`fields`, `replace`, `asdict`, subclassing) works, because it finds the description that it looks for, made when it looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    from reprlib import recursive_repr

    def dataclass(*, slots):
        """As `dataclasses.dataclass`, for classes with slots and without dataclasses among their bases."""
        assert slots
        return _with_slots

    def field(*, default_factory):
        """As `dataclasses.field`."""
        return _Factory(default_factory)

    def replace(record, /, **changes):
        """As `dataclasses.replace`."""
        return type(record)(**{name: getattr(record, name) for name in record.__match_args__} | changes)

    class _Factory:
        """The default of a field that is made anew for each object."""

        __slots__ = ("make",)

        def __init__(self, make):
            self.make = make

        def __repr__(self):
            return "<factory>"

    def _with_slots(cls):
        annotations = cls.__annotations__
        namespace = dict(cls.__dict__)
        for name in ("__dict__", "__weakref__"):
            namespace.pop(name, None)
        defaults = {name: namespace.pop(name) for name in annotations if name in namespace}
        namespace.update(
            __slots__=tuple(annotations),
            __match_args__=tuple(annotations),
            __init__=_Init(annotations, defaults),
            __dataclass_fields__=_Description(annotations, defaults),
            __dataclass_params__=_Description(annotations, defaults),
            __eq__=_eq,
            __hash__=None,
        )
        namespace.setdefault("__repr__", _repr)
        made = type(cls)(cls.__name__, cls.__bases__, namespace)
        made.__qualname__ = cls.__qualname__
        return made

    def _eq(self, other):
        if other.__class__ is not self.__class__:
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__match_args__)

    @recursive_repr()
    def _repr(self):
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{self.__class__.__qualname__}({values})"

    class _Lazy:
        """A class attribute that is made when it is first read."""

        __slots__ = ("annotations", "defaults", "name", "owner")

        def __init__(self, annotations, defaults):
            self.annotations = annotations
            self.defaults = defaults

        def __set_name__(self, owner, name):
            self.owner = owner
            self.name = name

    class _Init(_Lazy):
        __slots__ = ()

        def __get__(self, instance, owner=None):
            made = self._compile()
            self.owner.__init__ = made
            return made if instance is None else made.__get__(instance, owner)

        def _compile(self):
            names = {"_factory": _Factory}
            parameters, body = [], []
            for name in self.annotations:
                value = name
                if name in self.defaults:
                    default = names[f"_of_{name}"] = self.defaults[name]
                    parameters.append(f"{name}=_of_{name}")
                    if isinstance(default, _Factory):
                        fresh = {list: "[]", dict: "{}"}.get(default.make, f"_of_{name}.make()")
                        value = f"{fresh} if {name} is _of_{name} else {name}"
                else:
                    parameters.append(name)
                body.append(f" self.{name} = {value}")
            source = f"def __init__(self, {', '.join(parameters)}):\n" + "\n".join(body)
            exec(compile(source, f"<{self.owner.__qualname__}>", "exec"), names)
            made = names["__init__"]
            made.__qualname__ = f"{self.owner.__qualname__}.__init__"
            made.__module__ = self.owner.__module__
            made.__annotations__ = {**self.annotations, "return": None}
            return made

    class _Description(_Lazy):
        """What the standard module knows a dataclass by."""

        __slots__ = ()

        def __get__(self, instance, owner=None):
            import dataclasses

            fields = []
            for name, annotation in self.annotations.items():
                default = self.defaults.get(name, dataclasses.MISSING)
                if isinstance(default, _Factory):
                    fields.append((name, annotation, dataclasses.field(default_factory=default.make)))
                else:
                    fields.append((name, annotation, dataclasses.field(default=default)))
            standard = dataclasses.make_dataclass(self.owner.__name__, fields)
            self.owner.__dataclass_fields__ = standard.__dataclass_fields__
            self.owner.__dataclass_params__ = standard.__dataclass_params__
            return getattr(standard, self.name)


__all__ = ["dataclass", "field", "replace"]
