"""Wraps a function of any kind so that a span is told of its start, its result and its failure.

Telemetry never changes what the function does: whatever a span raises is logged once and forgotten.
"""

from __future__ import annotations

import functools
import inspect
import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, AsyncGenerator, Callable, Dict, Generator, List, Optional, Tuple, TypeVar, cast

from ._extraction import joined

if TYPE_CHECKING:
    from lightwell import Traced
    from lightwell._native import Call

logger = logging.getLogger("insidellm")

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Span(ABC):
    """One execution of a decorated function."""

    __slots__ = ()

    @abstractmethod
    def succeed(self, result: Any) -> None:
        """The function returned."""

    def first_chunk(self, chunk: Any) -> None:
        """The generator yielded for the first time."""

    def succeed_stream(self, chunks: List[Any]) -> None:
        """The generator is exhausted or closed, and has yielded this."""
        self.succeed(joined(chunks))

    @abstractmethod
    def fail(self, error: BaseException) -> None:
        """The function raised."""


Opener = Callable[[Tuple[Any, ...], Dict[str, Any]], Optional[Span]]
NativeOpener = Callable[[Tuple[Any, ...], Dict[str, Any]], "Optional[Call]"]


def instrument(func: _Function, open_span: Opener, traced: Optional[Traced] = None) -> _Function:
    """`func` with `open_span(args, kwargs)` called before it. Coroutine functions stay coroutine functions.

    `traced` is tried first, but for generators: the native span of what needs no Python.

    A generator's span opens when the function is called and closes when the generator is exhausted or closed, or nobody has it
    any more, with the text of what it yielded as result.
    """
    if inspect.iscoroutinefunction(func) or inspect.iscoroutinefunction(getattr(func, "__call__", None)):
        wrapper = _coroutine_wrapper(func, traced.begin if traced else _never, open_span)
    elif inspect.isasyncgenfunction(func):
        wrapper = _generator_wrapper(func, open_span, _drive_async)
    elif inspect.isgeneratorfunction(func):
        wrapper = _generator_wrapper(func, open_span, _drive)
    elif traced is not None:
        wrapper = _native_wrapper(traced.around(func, _function_wrapper(func, open_span), _warn))
    else:
        wrapper = _function_wrapper(func, open_span)
    return cast(_Function, functools.wraps(func)(wrapper))


def for_methods(decorate: Callable[[_Function], _Function]) -> Callable[[_Function], _Function]:
    """`decorate`, which may stand above `@classmethod` and `@staticmethod` as well as below."""

    def above(func: _Function) -> _Function:
        if isinstance(func, (classmethod, staticmethod)):
            return cast(_Function, type(func)(decorate(cast(_Function, func.__func__))))
        return decorate(func)

    return above


def _native_wrapper(around: Callable[..., Any]) -> Callable[..., Any]:
    # A function, for only functions become methods, and have a name and a signature.
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return around(*args, **kwargs)

    return wrapper


def _function_wrapper(func: Callable[..., Any], open_span: Opener) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        span = _quietly(open_span, args, kwargs)
        if span is None:
            return func(*args, **kwargs)
        try:
            result = func(*args, **kwargs)
        except BaseException as error:
            _quietly(span.fail, error)
            raise
        _quietly(span.succeed, result)
        return result

    return wrapper


def _coroutine_wrapper(func: Callable[..., Any], begin: NativeOpener, open_span: Opener) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            span = begin(args, kwargs) or open_span(args, kwargs)
        except Exception as error:
            span = None
            _warn(error)
        if span is None:
            return await func(*args, **kwargs)
        try:
            result = await func(*args, **kwargs)
        except BaseException as error:
            _quietly(span.fail, error)
            raise
        _quietly(span.succeed, result)
        return result

    return wrapper


def _generator_wrapper(
    func: Callable[..., Any], open_span: Opener, drive: Callable[..., Any]
) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        span = _quietly(open_span, args, kwargs)
        return drive(func(*args, **kwargs), span, span and _NotBegun(span))

    return wrapper


class _NotBegun:
    """Belongs to a generator until it is asked for its first value. Nothing else tells that it never was."""

    __slots__ = ("span",)

    def __init__(self, span: Span) -> None:
        self.span: Optional[Span] = span

    def __del__(self) -> None:
        if self.span is not None:
            _quietly(self.span.succeed_stream, [])


def _drive(
    source: Generator[Any, Any, Any], span: Optional[Span], not_begun: Optional[_NotBegun]
) -> Generator[Any, Any, Any]:
    """Yields what `source` yields; `send`, `throw` and `close` reach it."""
    if span is None or not_begun is None:
        return (yield from source)
    not_begun.span = None
    chunks: List[Any] = []
    step: Callable[[], Any] = functools.partial(next, source)
    try:
        while True:
            try:
                chunk = step()
            except StopIteration as stop:
                _quietly(span.succeed_stream, chunks)
                return stop.value
            if not chunks:
                _quietly(span.first_chunk, chunk)
            chunks.append(chunk)
            try:
                step = functools.partial(source.send, (yield chunk))
            except GeneratorExit:
                source.close()
                _quietly(span.succeed_stream, chunks)
                raise
            except BaseException as thrown:  # The caller's `throw`: for the wrapped generator to handle.
                step = functools.partial(source.throw, thrown)
    except GeneratorExit:
        raise
    except BaseException as error:
        _quietly(span.fail, error)
        raise


async def _drive_async(
    source: AsyncGenerator[Any, Any], span: Optional[Span], not_begun: Optional[_NotBegun]
) -> AsyncGenerator[Any, Any]:
    if not_begun is not None:
        not_begun.span = None
    chunks: List[Any] = []
    step: Callable[[], Any] = source.__anext__
    try:
        while True:
            try:
                chunk = await step()
            except StopAsyncIteration:
                break
            if span is not None and not chunks:
                _quietly(span.first_chunk, chunk)
            chunks.append(chunk)
            try:
                step = functools.partial(source.asend, (yield chunk))
            except GeneratorExit:
                await source.aclose()
                break
            except BaseException as thrown:  # The caller's `athrow`.
                step = functools.partial(source.athrow, thrown)
    except BaseException as error:
        if span is not None:
            _quietly(span.fail, error)
        raise
    if span is not None:
        _quietly(span.succeed_stream, chunks)


def _never(_args: Tuple[Any, ...], _kwargs: Dict[str, Any]) -> None:
    return None


def _quietly(function: Callable[..., Any], *args: Any) -> Any:
    try:
        return function(*args)
    except Exception as error:
        _warn(error)
        return None


def _warn(error: Exception) -> None:
    logger.warning("insidellm: an event was not logged", exc_info=error)
