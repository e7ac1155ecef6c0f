"""Evaluates affine expressions as MLIR prints them: `(s0 ceildiv 128) * s1 + 4`."""

import re

_TOKEN = re.compile(r"\s*(?:(s\d+)|(\d+)|(ceildiv|floordiv|mod|[-+*()]))")


def evaluate(text, symbols):
    """The value of the expression `text`, `s<i>` being symbols[i].

    Division and remainder are those of MLIR's affine dialect: rounded to infinity, to
    minus infinity, and with a non-negative remainder, by a positive number.
    """
    if isinstance(text, int):
        return text
    tokens, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if not match:
            raise ValueError(f"expected an affine expression, but got '{text}'")
        tokens.append(match.group(match.lastindex))
        position = match.end()
    value, rest = _sum(tokens, symbols, text)
    if rest:
        raise ValueError(f"expected an affine expression, but got '{text}'")
    return value


def _sum(tokens, symbols, text):
    value, tokens = _product(tokens, symbols, text)
    while tokens and tokens[0] in "+-":
        term, rest = _product(tokens[1:], symbols, text)
        value = value + term if tokens[0] == "+" else value - term
        tokens = rest
    return value, tokens


def _product(tokens, symbols, text):
    value, tokens = _unary(tokens, symbols, text)
    while tokens and tokens[0] in ("*", "ceildiv", "floordiv", "mod"):
        operation = tokens[0]
        other, tokens = _unary(tokens[1:], symbols, text)
        if operation == "*":
            value *= other
            continue
        if other <= 0:
            raise ValueError(f"expected a positive divisor in '{text}', but got {other}")
        if operation == "ceildiv":
            value = -(-value // other)
        else:
            value = value // other if operation == "floordiv" else value % other
    return value, tokens


def _unary(tokens, symbols, text):
    if tokens and tokens[0] == "-":
        value, rest = _unary(tokens[1:], symbols, text)
        return -value, rest
    if tokens and tokens[0] == "(":
        value, rest = _sum(tokens[1:], symbols, text)
        if not rest or rest[0] != ")":
            raise ValueError(f"expected ')' in the affine expression '{text}'")
        return value, rest[1:]
    if tokens and tokens[0].isdigit():
        return int(tokens[0]), tokens[1:]
    if tokens and tokens[0][0] == "s":
        index = int(tokens[0][1:])
        if index >= len(symbols):
            raise ValueError(
                f"expected symbols below s{len(symbols)} in '{text}', but got s{index}"
            )
        return symbols[index], tokens[1:]
    raise ValueError(f"expected an affine expression, but got '{text}'")
