using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Symplast.CPython;

/// <summary>Strings between C# and Python, for messages and names; never on a hot path.</summary>
public static unsafe class Text
{
    /// <summary>
    /// Address of a UTF-8 literal with its final zero. Literals lie in the binary's read-only data and never move.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Utf8(ReadOnlySpan<byte> literal) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(literal));

    /// <summary>A new str, lone surrogates included; null with MemoryError set.</summary>
    public static PyObject* ToPython(string text)
    {
        fixed (char* characters = text)
        {
            int order = -1;
            return Api.Table.PyUnicode_DecodeUTF16((byte*)characters, text.Length * 2, Utf8("surrogatepass"u8), &order);
        }
    }

    /// <summary>The text of a str, lone surrogates included.</summary>
    public static string FromPython(PyObject* o)
    {
        PyAsciiObject* text = (PyAsciiObject*)o;
        byte* data = (byte*)o
            + ((text->State & PyAsciiObject.Ascii) != 0 ? PyAsciiObject.DataOffset : PyCompactUnicodeObject.DataOffset);
        // Instances of subclasses, which keyword names may be, have their data elsewhere.
        if ((text->State & PyAsciiObject.Compact) == 0) data = *(byte**)((byte*)o + PyCompactUnicodeObject.DataOffset);
        int length = checked((int)text->Length);
        switch (text->Kind)
        {
            case 1: return Encoding.Latin1.GetString(data, length);
            case 2: return new string((char*)data, 0, length);
            default:
                StringBuilder builder = new(length);
                for (int i = 0; i < length; i++)
                {
                    int codePoint = ((int*)data)[i];
                    if (codePoint < 0x10000) builder.Append((char)codePoint);
                    else builder.Append(char.ConvertFromUtf32(codePoint));
                }
                return builder.ToString();
        }
    }

    /// <summary>repr(o), shortened to <paramref name="limit"/> characters; a placeholder if it raises.</summary>
    public static string Repr(PyObject* o, int limit = 60)
    {
        PyObject* repr = Api.Table.PyObject_Repr(o);
        if (repr == null)
        {
            Api.Table.PyErr_Clear();
            return "<" + TypeName(o) + ">";
        }
        string text = FromPython(repr);
        References.Drop(repr);
        return text.Length <= limit ? text : string.Concat(text.AsSpan(0, limit - 1), "…");
    }

    /// <summary>The name of the type of <paramref name="o"/>, without its module.</summary>
    public static string TypeName(PyObject* o)
    {
        PyObject* name = Api.Table.PyType_GetName(o->Type);
        if (name == null)
        {
            Api.Table.PyErr_Clear();
            return "object";
        }
        string text = FromPython(name);
        References.Drop(name);
        return text;
    }
}
