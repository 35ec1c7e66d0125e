using System.Diagnostics;
using Symplast.CPython;

namespace Symplast.Python.Live;

/// <summary>
/// Points in time until which something is waited for, in nanoseconds of the monotonic clock (<see cref="Stopwatch"/>).
/// </summary>
internal static unsafe class Deadline
{
    /// <summary>Not to wait at all.</summary>
    internal const long Now = 0;

    /// <summary>To wait without a limit.</summary>
    internal const long None = long.MaxValue;

    /// <summary>The longest timeout in seconds, that of the threading module on 64-bit systems.</summary>
    internal const double MostSeconds = 9223372036.0;

    /// <summary>The point in time so many seconds from now, rounded up to a nanosecond.</summary>
    internal static long After(double seconds) =>
        seconds <= 0 ? Now : seconds >= MostSeconds ? None : Stopwatch.GetTimestamp() + (long)Math.Ceiling(seconds * 1e9);

    /// <summary>
    /// A number of seconds. Returns false with TypeError set if it is no number, ValueError if it is NaN, and OverflowError if it
    /// exceeds <see cref="MostSeconds"/>.
    /// </summary>
    internal static bool TrySeconds(PyObject* timeout, out double seconds)
    {
        seconds = Api.Table.PyFloat_AsDouble(timeout);
        if (seconds == -1 && Api.Table.PyErr_Occurred() != null) return false;
        if (double.IsNaN(seconds)) return Errors.Value("Invalid value NaN (not a number)") != null;
        if (seconds > MostSeconds) return Errors.Set(*Api.Table.PyExc_OverflowError, "timeout value is too large") != null;
        return true;
    }
}
