"""torch.compile for the parts of a layer that work token by token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import torch

_Part = TypeVar("_Part", bound=Callable[..., Any])


def maybe_compile(part: _Part, *, compile: bool) -> _Part:
    """The same function, compiled for any number of tokens: the first dimension of every tensor among its arguments. Sizes of
    weights stay fixed, so that kernels are made for them."""
    if not compile:
        return part
    compiled: Any = torch.compile(part)
    mark_dynamic: Any = torch._dynamo.maybe_mark_dynamic

    def call(*arguments: Any) -> Any:
        for argument in arguments:
            if isinstance(argument, torch.Tensor):
                mark_dynamic(argument, 0)
        return compiled(*arguments)

    return cast(_Part, call)
