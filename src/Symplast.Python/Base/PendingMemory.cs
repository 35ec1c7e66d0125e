using Symplast.CPython;
using Symplast.Memory;

namespace Symplast.Python;

/// <summary>
/// Warns that deleted pools keep much memory until interpreters end. The warning comes once a process when the memory exceeds a
/// limit, and again after the limit was set.
/// </summary>
internal static unsafe class PendingMemory
{
    const string Variable = "SYMPLAST_PENDING_LIMIT";
    const long DefaultLimit = 256L << 20;

    // A blittable struct without an initialiser has no class constructor.
    struct State
    {
        internal long Limit;
        internal int HasWarned;
    }

    static State _state;

    /// <summary>Reads the limit from the environment. Returns null, or what is wrong with it. Called once a process.</summary>
    internal static string? Start()
    {
        _state.Limit = DefaultLimit;
        string? text = Environment.GetEnvironmentVariable(Variable);
        if (string.IsNullOrEmpty(text)) return null;
        if (text.Equals("none", StringComparison.OrdinalIgnoreCase)) _state.Limit = long.MaxValue;
        else if (ulong.TryParse(text, null, out ulong limit)) _state.Limit = (long)Math.Min(limit, long.MaxValue);
        else return $"the environment variable {Variable} is a number of bytes or 'none', not '{text}'";
        return null;
    }

    /// <summary>The limit in bytes, or None.</summary>
    // A statistic, so any recent value is good enough.
    internal static PyObject* Limit =>
        Volatile.Read(ref _state.Limit) is long.MaxValue
        ? Api.Table._Py_NoneStruct : Api.Table.PyLong_FromLongLong(Volatile.Read(ref _state.Limit));

    /// <summary>Sets the limit from an int or None; null with an exception set.</summary>
    internal static PyObject* SetLimit(PyObject* o)
    {
        long limit = long.MaxValue;
        if (o != Api.Table._Py_NoneStruct)
        {
            PyObject* number = Api.Table.PyNumber_Index(o);
            if (number == null) return null;
            limit = Api.Table.PyLong_AsLongLong(number);
            References.Drop(number);
            if (limit == -1 && Api.Table.PyErr_Occurred() != null) return null;
            if (limit < 0) return Errors.Value("the limit must not be negative");
        }
        Volatile.Write(ref _state.Limit, limit);
        // A thread that sees this write but the old limit may warn once more.
        Volatile.Write(ref _state.HasWarned, 0);
        return Api.Table._Py_NoneStruct;
    }

    /// <summary>
    /// Called when a pool was deleted: warns if necessary. Returns false with an exception set if warnings are errors.
    /// </summary>
    internal static bool Check(InterpreterState interpreter)
    {
        long pending = Pool.AllPendingBytes;
        if (pending <= Volatile.Read(ref _state.Limit)) return true;
        // Full fence; only one of two threads warns. Nothing is published through the flag.
        if (Interlocked.Exchange(ref _state.HasWarned, 1) != 0) return true;
        string text =
            $"{pending >> 20} MiB of deleted pools are still in memory: they wait until every interpreter that was given a "
            + "pointer into them has ended, "
            + "and for what the main interpreter froze or saw that is the end of the process. Freeze in workers that end, or "
            + "keep pools longer; symplast.set_pending_limit() "
            + "sets when this is said";
        nint utf8 = System.Runtime.InteropServices.Marshal.StringToCoTaskMemUTF8(text);
        int failed = Api.Table.PyErr_WarnEx(interpreter.PendingMemoryWarning, (byte*)utf8, 1);
        System.Runtime.InteropServices.Marshal.FreeCoTaskMem(utf8);
        return failed == 0;
    }
}
