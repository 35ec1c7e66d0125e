using Symplast.CPython;

namespace Symplast.Python;

/// <summary>Binding the arguments of METH_FASTCALL | METH_KEYWORDS functions to parameter names.</summary>
internal static unsafe class Arguments
{
    /// <summary>
    /// Fills <paramref name="values"/> (one a name, in order; left null where no argument was given). Parameters from
    /// <paramref name="required"/> on may be missing, those from <paramref name="positional"/> on must be named. False with
    /// TypeError set.
    /// </summary>
    internal static bool Bind(string function, ReadOnlySpan<string> names, int required, int positional,
        PyObject** arguments, nint count, PyObject* keywords, Span<nint> values)
    {
        values.Clear();
        if (count > positional)
        {
            Errors.Type($"{function}() takes at most {positional} positional argument{(positional == 1 ? "" : "s")} ({count} "
                + "given)");
            return false;
        }
        for (int i = 0; i < count; i++) values[i] = (nint)arguments[i];
        nint named = keywords == null ? 0 : ((PyVarObject*)keywords)->Size;
        for (nint i = 0; i < named; i++)
        {
            string name = Text.FromPython(Tuples.Items(keywords)[i]);
            int position = names.IndexOf(name);
            if (position < 0)
            {
                Errors.Type($"{function}() got an unexpected keyword argument '{name}'");
                return false;
            }
            if (values[position] != 0)
            {
                Errors.Type($"{function}() got multiple values for argument '{name}'");
                return false;
            }
            values[position] = (nint)arguments[count + i];
        }
        for (int i = 0; i < required; i++)
        {
            if (values[i] != 0) continue;
            Errors.Type($"{function}() missing required argument '{names[i]}'");
            return false;
        }
        return true;
    }
}
