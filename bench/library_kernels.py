"""Work of NumPy and pandas, of the kinds that programs do much of.

Each function prepares its data and returns what is to be measured.
"""


def small_arrays():
    import numpy

    arrays = [numpy.arange(8.0) + i for i in range(100)]

    def work():
        for _ in range(60):
            for a in arrays:
                (a * 2 + 1).sum()

    return work


def elements():
    import numpy

    a = numpy.random.default_rng(1).random(200_000)

    def work():
        for _ in range(5):
            numpy.sqrt(numpy.abs(numpy.sin(a) * 2 + a))

    return work


def product():
    import numpy

    a = numpy.random.default_rng(2).random((240, 240))

    def work():
        for _ in range(10):
            a @ a

    return work


def sort():
    import numpy

    a = numpy.random.default_rng(3).random(100_000)

    def work():
        numpy.sort(a)
        a[numpy.argsort(a)]

    return work


def group():
    import numpy
    import pandas

    dice = numpy.random.default_rng(4)
    frame = pandas.DataFrame({"key": dice.integers(0, 500, 100_000), "value": dice.random(100_000)})

    def work():
        for _ in range(3):
            frame.groupby("key").agg({"value": ["mean", "max"]})

    return work


def merge():
    import numpy
    import pandas

    dice = numpy.random.default_rng(5)
    left = pandas.DataFrame({"key": dice.integers(0, 20_000, 40_000), "a": dice.random(40_000)})
    right = pandas.DataFrame({"key": numpy.arange(20_000), "b": dice.random(20_000)})

    def work():
        for _ in range(3):
            left.merge(right, on="key")

    return work


def texts():
    import pandas

    names = pandas.Series([f"User {i % 997}, Street {i}" for i in range(8_000)])

    def work():
        names.str.split(",").str[0].str.upper().value_counts()

    return work


KERNELS = {
    "numpy": {"small arrays": small_arrays, "elements of a large array": elements, "matrix product": product,
              "sort and index": sort},
    "pandas": {"group and aggregate": group, "merge": merge, "texts": texts},
}
