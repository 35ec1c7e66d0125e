using System.Runtime.InteropServices;

namespace Symplast.CPython;

/// <summary>
/// The C API of the running interpreter: a table of pointers, so that a call is a load and an indirect call, with neither a
/// lazy-binding stub nor a class-constructor check. A function, type or exception is a field, declared once in the file of its
/// header; Symplast.Symbols writes the code that looks each up by its name (<see cref="ApiLoader"/>).
/// </summary>
/// <remarks>
/// <para>Every call needs the GIL of the calling thread's interpreter unless CPython documents otherwise.</para>
/// <para>
/// A call changes the thread's mode for the garbage collector, since it may run Python code, block or release the GIL. Functions
/// that do little and can do none of these have <c>SuppressGCTransition</c>.
/// </para>
/// </remarks>
[StructLayout(LayoutKind.Auto)]
public unsafe partial struct Api
{
    /// <summary>The table of this process; all interpreters of a process share one libpython.</summary>
    public static Api Table;
}
