namespace Symplast.Python;

/// <summary>
/// Marks a method that C calls. The compiler is given an overload of it with C's calling convention, which is what the tables
/// name; that one turns an exception of C# into a Python one.
/// </summary>
/// <remarks>
/// Of pointers the method may name any type. For an <see cref="InterpreterState"/> C passes the module. A failure answers null
/// or -1; a <see langword="bool"/> answers None, or null with an exception set. A method that is called most is inlined into its
/// overload if it asks for that.
/// </remarks>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CallbackAttribute : Attribute;
