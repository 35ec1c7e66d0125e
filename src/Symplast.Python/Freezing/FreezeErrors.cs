using System.Text;
using Symplast.CPython;
using Symplast.Python.Graph;

namespace Symplast.Python.Freezing;

/// <summary>Errors that name the place of the object. The path is read off the stack only when an error occurs.</summary>
internal static unsafe class FreezeErrors
{
    internal static PyObject* RaiseNotShareable(ref Freezer freezer, string message)
    {
        Errors.Set(freezer.Interpreter.NotShareableError, $"{Path(ref freezer, freezer.Walk.Stack.Count)}: {message}");
        return null;
    }

    /// <summary>Raises RuntimeError: the original of the top container has changed since its copy was begun.</summary>
    internal static bool RaiseChanged(ref Freezer freezer)
    {
        FreezeFrame* frame = freezer.Walk.Stack.Last;
        string path = Path(ref freezer, freezer.Walk.Stack.Count - 1);
        Errors.Runtime($"{path}: {Text.TypeName(frame->Original)} changed while it was being frozen");
        return false;
    }

    internal static bool RaiseBadKey(ref Freezer freezer, bool unhashable)
    {
        FreezeFrame* frame = freezer.Walk.Stack.Last;
        string role = frame->Kind == FrameKind.Set ? "member" : "key";
        RaiseNotShareable(
            ref freezer,
            unhashable ? $"the frozen form of a {role} is not hashable" : $"the frozen form of a {role} contains itself");
        return false;
    }

    /// <summary>Adds the place as a note to the exception that default= raised.</summary>
    internal static PyObject* AddPathNote(ref Freezer freezer)
    {
        PyObject* exception = Api.Table.PyErr_GetRaisedException();
        // Making the path may call repr(), so no exception may be set.
        Errors.SetWithNote(exception, $"while freezing {Path(ref freezer, freezer.Walk.Stack.Count)}");
        return null;
    }

    /// <summary>
    /// The path from the root through the outermost <paramref name="frames"/> containers, as a Python expression.
    /// </summary>
    internal static string Path(ref Freezer freezer, int frames)
    {
        StringBuilder path = new(RootName(ref freezer));
        for (int i = 0; (i = Limits.NextShown(path, i, frames)) < frames; i++)
        {
            FreezeFrame* frame = freezer.Walk.Stack[i];
            // A container whose part is in progress has already moved on to its next part.
            nint index = i == freezer.Walk.Stack.Count - 1 || frame->AtValue ? frame->Index : frame->Index - 1;
            switch (frame->Kind)
            {
                case FrameKind.Dict: AppendKey(ref freezer, path, frame, index, i == freezer.Walk.Stack.Count - 1); break;
                case FrameKind.Set: path.Append("{member}"); break;
                case FrameKind.Slice: path.Append(index switch { 0 => ".start", 1 => ".stop", _ => ".step" }); break;
                default: path.Append('[').Append(index).Append(']'); break;
            }
        }
        return path.ToString();
    }

    static void AppendKey(ref Freezer freezer, StringBuilder path, FreezeFrame* frame, nint index, bool isTop)
    {
        PyDictKeys* table = ((PyDictObject*)frame->Original)->Keys;
        PyObject* key = null;
        if (table == frame->Table && index >= 0 && index < table->EntryCount)
        {
            byte* entries = PyDictKeys.Entries(table);
            key = table->Kind == PyDictKeys.General
                ? ((PyDictEntry*)entries)[index].Key : ((PyDictStringEntry*)entries)[index].Key;
        }
        if (key == null)
        {
            path.Append("[…]");
            return;
        }
        bool isKey = isTop ? !frame->AtValue : frame->AtValue;
        if (isKey) path.Append(".keys(): ").Append(Text.Repr(key));
        else if (frame->IsAttributes && key->Type == Api.Table.PyUnicode_Type) path.Append('.').Append(Text.FromPython(key));
        else path.Append('[').Append(Text.Repr(key)).Append(']');
    }

    /// <summary>
    /// The name of the root in the calling code, so that the path reads like that code's source; "obj" if it has none.
    /// </summary>
    internal static string RootName(ref Freezer freezer) => freezer.Name ?? CallingCode.NameOf(freezer.Root) ?? "obj";
}
