"""Programs of packages that compute with arrays and tables."""

import io

from in_threads import in_threads


def numpy_(folder):
    """Linear algebra, FFT, records, files, callbacks; four threads on one array."""
    import numpy as np

    random = np.random.default_rng(7)
    a, b = random.random((60, 60)), random.random(60)
    file = io.BytesIO()
    np.savez_compressed(file, a=a, b=b)
    file.seek(0)
    records = np.array([(3, "c"), (1, "a"), (2, "b")], dtype=[("number", "i4"), ("text", "U4")])
    with np.errstate(divide="raise"):
        try:
            np.ones(3) / np.zeros(3)
            divided = "no error"
        except FloatingPointError as error:
            divided = str(error)
    # Callbacks, and threads that work on one array.
    sums = np.zeros(4)

    def add(part):
        for value in np.array_split(a.ravel(), 4)[part]:
            sums[part] += value

    in_threads(add, range(4))
    return {
        "solve": np.linalg.solve(a, b).round(6).tolist(),
        "svd": np.linalg.svd(a, compute_uv=False).round(6).tolist(),
        "fft": np.abs(np.fft.rfft(b)).round(6).tolist(),
        "einsum": np.einsum("ij,jk,ki", a, a, a).round(4).item(),
        "sort": np.sort(records, order="number")["text"].tolist(),
        "dates": np.arange("2026-01", "2026-04", dtype="datetime64[M]").astype(str).tolist(),
        "objects": np.array([1, "x", None], dtype=object).tolist(),
        "vectorize": np.vectorize(lambda x: x * 2 + 1)(np.arange(5)).tolist(),
        "strings": np.strings.upper(np.array(["ab", "cd"])).tolist(),
        "saved": bool((np.load(file)["a"] == a).all()),
        "divided": divided,
        "threads": bool(np.isclose(sums.sum(), a.sum())),
        "repr": repr(a[:2, :2].round(3)),
    }


def pandas_(folder):
    """Groups, merges, time series, pivot tables, CSV, callbacks."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(11)
    frame = pd.DataFrame({
        "day": pd.date_range("2026-01-01", periods=400, freq="6h"),
        "key": random.integers(0, 7, 400).astype(str),
        "value": random.random(400),
    })  # fmt: skip
    frame["category"] = pd.Categorical(frame["key"])
    names = pd.DataFrame({"key": [str(i) for i in range(7)], "name": [f"name {i}" for i in range(7)]})
    text = frame.to_csv(index=False)
    again = pd.read_csv(io.StringIO(text), parse_dates=["day"], dtype={"key": str})
    return {
        "groups": frame.groupby("key")["value"].agg(["sum", "mean", "count"]).round(6).to_dict(),
        "apply": frame.groupby("key")["value"].apply(lambda each: round(each.max() - each.min(), 6)).to_dict(),
        "merge": frame.merge(names, on="key").groupby("name").size().to_dict(),
        "resample": frame.set_index("day")["value"].resample("W").mean().round(6).tolist(),
        "rolling": frame["value"].rolling(10).std().dropna().round(6).sum().round(4).item(),
        "pivot": frame.pivot_table(index=frame["day"].dt.month, columns="category", values="value", observed=True).round(
        6).to_json(),
        "strings": frame["key"].str.zfill(3).value_counts().sort_index().to_dict(),
        "csv": again["value"].round(9).equals(frame["value"].round(9))
        and again["day"].equals(frame["day"].astype(again["day"].dtype)),
        "query": int(frame.query("value > 0.5 and key == '3'").shape[0]),
        "repr": repr(frame.head(3)),
    }


def scipy_(folder):
    """Linear algebra, sparse matrices, optimization, integration and filters that call Python, statistics."""
    import numpy as np
    from scipy import integrate, interpolate, linalg, ndimage, optimize, signal, sparse, spatial, special, stats
    from scipy.sparse import linalg as sparse_linalg

    random = np.random.default_rng(13)
    a = random.random((30, 30)) + 30 * np.eye(30)
    points = random.random((200, 3))
    return {
        "lu": linalg.lu_factor(a)[0].round(6).sum().round(4).item(),
        "expm": linalg.expm(a / 30).round(6).sum().round(4).item(),
        "sparse": sparse_linalg.spsolve(sparse.csc_array(a), np.ones(30)).round(6).tolist(),
        # C and Fortran that call Python.
        "quad": round(integrate.quad(lambda x: np.exp(-x * x), -5, 5)[0], 8),
        "minimum": optimize.minimize(optimize.rosen, [1.3, 0.7, 0.8], method="BFGS").x.round(3).tolist(),
        "root": round(optimize.brentq(lambda x: x**3 - 2, 0, 2), 8),
        "ode": integrate.solve_ivp(lambda t, y: -0.5 * y, (0, 4), [2.0, 4.0], rtol=1e-8).y[:, -1].round(5).tolist(),
        "filter": ndimage.generic_filter(a, lambda each: each.max() - each.min(), size=3).round(6).sum().round(4).item(),
        "spline": interpolate.CubicSpline(np.arange(10), np.sin(np.arange(10)))([2.5, 7.25]).round(6).tolist(),
        "nearest": spatial.cKDTree(points).query(points[:5] + 0.01)[1].tolist(),
        "bessel": special.jv([0, 1, 2], 1.5).round(8).tolist(),
        "butter": signal.filtfilt(*signal.butter(3, 0.2), points[:, 0]).round(6).sum().round(4).item(),
        "test": stats.ttest_ind(points[:, 0], points[:, 1]).pvalue.round(8).item(),
    }


def sklearn_(folder):
    """No HistGradientBoosting.

    Pipelines, forests, support vector machines also with a kernel in Python, k-means, cross-validation.
    """
    import numpy as np
    from sklearn import (cluster, datasets, decomposition, ensemble, feature_extraction, linear_model, model_selection, pipeline,
                         preprocessing, svm)

    x, y = datasets.load_iris(return_X_y=True)
    model = pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression(max_iter=300))
    words = feature_extraction.text.TfidfVectorizer().fit_transform(["a cat sat", "a dog sat", "the cat ran"])
    return {
        "pipeline": model.fit(x, y).score(x, y).__round__(6),
        "forest": ensemble.RandomForestClassifier(12, random_state=3).fit(x, y).predict(x[::10]).tolist(),
        "svm": svm.SVC(kernel="rbf").fit(x, y).predict(x[::10]).tolist(),
        "kernel": svm.SVC(kernel=lambda a, b: a @ b.T).fit(x, y).predict(x[::10]).tolist(),
        "kmeans": sorted(np.bincount(cluster.KMeans(3, n_init=2, random_state=3).fit_predict(x)).tolist()),
        "pca": decomposition.PCA(2).fit(x).explained_variance_ratio_.round(6).tolist(),
        "words": [list(words.shape), words.nnz],
        "folds": model_selection.cross_val_score(model, x, y, cv=3).round(4).tolist(),
    }


def h5py_(folder):
    """Files of its own in each worker, with compression; groups, links, callbacks."""
    import h5py
    import numpy as np

    data = np.arange(12000.0).reshape(120, 100)
    path = folder / "data.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("a/b")
        group.create_dataset("data", data=data, chunks=(30, 50), compression="gzip", shuffle=True)
        group.create_dataset("strings", data=["one", "two"], dtype=h5py.string_dtype())
        group["data"].attrs["unit"] = "m"
        file["link"] = h5py.SoftLink("/a/b/data")
        growing = file.create_dataset("growing", (0,), maxshape=(None,), dtype="i8")
        for i in range(20):
            growing.resize(i + 1, axis=0)
            growing[i] = i * i
    visited = []
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, item: visited.append((name, type(item).__name__)))
        result = {
            "same": bool((file["link"][:] == data).all()),
            "part": file["a/b/data"][10:12, ::30].tolist(),
            "chosen": file["a/b/data"][[1, 5, 9], 0].tolist(),
            "strings": [text.decode() for text in file["a/b/strings"][:]],
            "unit": file["a/b/data"].attrs["unit"],
            "growing": int(file["growing"][:].sum()),
            "visited": sorted(visited),
        }
        try:
            file["nothing"]
        except KeyError as error:
            result["wrong"] = str(error)
    with h5py.File("memory", "w", driver="core", backing_store=False) as file:
        file["x"] = data
        result["memory"] = float(file["x"][:].sum())
    return result


def pyarrow_(folder):
    """Tables, Parquet, IPC, CSV, joins; it uses its own pool of threads."""
    import pyarrow as pa
    from pyarrow import compute, csv, ipc, parquet

    table = pa.table(
        {"key": [i % 5 for i in range(500)], "value": [i * 0.5 for i in range(500)], "text": [f"t{i}" for i in range(500)]})
    file = io.BytesIO()
    parquet.write_table(table, file, compression="snappy")
    stream = io.BytesIO()
    with ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    parquet.write_table(table, folder / "table.parquet")
    try:
        pa.array([1, "x"])
        wrong = "no error"
    except pa.ArrowInvalid as error:
        wrong = type(error).__name__
    return {
        "groups": table.group_by("key").aggregate([("value", "sum")]).sort_by("key").to_pydict(),
        "parquet": parquet.read_table(io.BytesIO(file.getvalue())).equals(table),
        "file": parquet.read_table(folder / "table.parquet", columns=["text"]).num_rows,
        "ipc": ipc.open_stream(io.BytesIO(stream.getvalue())).read_all().equals(table),
        "csv": csv.read_csv(io.BytesIO(b"a,b\n1,x\n2,y\n")).to_pydict(),
        "compute": compute.sum(compute.multiply(table["value"], 2)).as_py(),
        "filter": table.filter(compute.field("value") > 240).num_rows,
        "join": table.join(pa.table({"key": [1, 2], "name": ["one", "two"]}), "key", join_type="inner").num_rows,
        "wrong": wrong,
    }


def joblib_(folder):
    """Caches on disk, files, hashes, `Parallel(n_jobs=1)`."""
    import joblib
    import numpy as np

    calls = []
    memory = joblib.Memory(folder / "cache", verbose=0)

    def cube(x):
        calls.append(x)
        return x**3

    cached = memory.cache(cube)
    memory.clear(warn=False)
    values = [cached(3), cached(3), cached(4)]
    data = {"array": np.arange(1000), "text": "x" * 1000}
    joblib.dump(data, folder / "data.joblib", compress=3)
    loaded = joblib.load(folder / "data.joblib")
    return {
        "parallel": joblib.Parallel(n_jobs=1)(joblib.delayed(pow)(i, 2) for i in range(20)),
        "cached": [values, calls],
        "loaded": bool((loaded["array"] == data["array"]).all()),
        "hash": joblib.hash(data["text"]),
    }


def distributed_(folder):
    """Dask's delayed calls and arrays in threads, serialization."""
    import dask
    import dask.array
    import distributed

    @dask.delayed
    def square(x):
        return x * x

    total = dask.delayed(sum)([square(i) for i in range(30)])
    array = dask.array.ones((200, 200), chunks=(50, 50))
    return {
        "delayed": total.compute(scheduler="threads", num_workers=2),
        "array": float((array + array.T).sum().compute(scheduler="threads", num_workers=2)),
        "serialized": distributed.protocol.deserialize(*distributed.protocol.serialize(b"bytes")),
        "tokens": dask.tokenize.tokenize([1, "two"]) == dask.tokenize.tokenize([1, "two"]),
    }


PROGRAMS = {
    "numpy": numpy_,
    "pandas": pandas_,
    "scipy": scipy_,
    "sklearn": sklearn_,
    "h5py": h5py_,
    "pyarrow": pyarrow_,
    "joblib": joblib_,
    "distributed": distributed_,
}
