using Symplast.CPython;

namespace Symplast.Python;

/// <summary>Binds the arguments of METH_FASTCALL | METH_KEYWORDS functions to parameter names.</summary>
internal static unsafe class Arguments
{
    /// <summary>
    /// Stores the arguments in <paramref name="values"/>, in the order of the names. The value of a parameter without an argument
    /// stays null. Parameters from index <paramref name="required"/> on are optional. Those from index
    /// <paramref name="positional"/> on are keyword-only. Returns false with TypeError set.
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
