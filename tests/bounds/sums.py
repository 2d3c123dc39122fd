"""sums.py -- sums with whole factors, {what: factor}: of symbols, or of products of symbols, which are tuples of them."""


def add(to, terms, factor=1):
    """to += factor * terms; what is 0 goes."""
    for m, f in terms.items():
        f = to.get(m, 0) + f * factor
        if f:
            to[m] = f
        else:
            to.pop(m, None)
    return to


def added(a, b, factor=1):
    return add(dict(a), b, factor)


def times(x, y):
    out = {}
    for m, f in x.items():
        for n, g in y.items():
            add(out, {tuple(sorted(m + n)): f * g})
    return out
