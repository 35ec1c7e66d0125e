namespace Symplast.Python;

/// <summary>
/// Marks a method that C calls. Symplast.Symbols writes an overload of it with C's calling convention, which is the one that the
/// tables name. The overload turns an exception of C# into a Python one.
/// </summary>
/// <remarks>
/// The method is partial, and is inlined into its overload. Its pointers may be of any type. For an
/// <see cref="InterpreterState"/> C passes the module. A failure answers null or -1. A <see langword="bool"/> answers None, or
/// null with an exception set.
/// </remarks>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CallbackAttribute : Attribute;
