using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace Symplast.Symbols;

/// <summary>
/// Writes the entry point of each method with the attribute <c>[Callback]</c>: an overload that C can call, which no exception of
/// C# leaves. The attribute says which signatures a method may have. The method is inlined into its entry: a call less, and no
/// larger than if each method had try and catch itself. A partial method has the attributes of both parts, so the part written
/// here says that.
/// </summary>
[Generator]
public sealed class CallbackEntries : IIncrementalGenerator
{
    const string Object = "global::Symplast.CPython.PyObject*";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValueProvider<ImmutableArray<string>> entries = context.SyntaxProvider.ForAttributeWithMetadataName(
            "Symplast.Python.CallbackAttribute", static (_, _) => true,
            static (found, _) => Entry((IMethodSymbol)found.TargetSymbol)).Collect();
        context.RegisterSourceOutput(entries, static (output, texts) =>
        {
            if (texts.Length != 0) output.AddSource("Callbacks.g.cs", string.Concat(texts));
        });
    }

    // All pointers of the entry are void*: C# then tells it from the method, and converts them to what the table says.
    static string Entry(IMethodSymbol method)
    {
        string answer = Name(method.ReturnType);
        string declared = string.Join(", ", method.Parameters.Select(one => $"{Name(one.Type)} {one.Name}"));
        string parameters = string.Join(
            ", ", method.Parameters.Select(one => $"{(IsPassedOn(one) ? Name(one.Type) : "void*")} {one.Name}"));
        string call = $"{method.Name}({string.Join(", ", method.Parameters.Select(Argument))})";
        (string result, string success, string failure) = answer switch
        {
            "bool" => (Object, $"{call} ? global::Symplast.CPython.Api.Table._Py_NoneStruct : null", "null"),
            _ when answer.EndsWith('*') => (answer, call, "null"),
            _ => (answer, call, "-1"),
        };
        INamedTypeSymbol type = method.ContainingType;
        string access = method.DeclaredAccessibility == Accessibility.Private ? "private" : "internal";
        return $$"""
            namespace {{type.ContainingNamespace.ToDisplayString()}}
            {
                unsafe partial {{(type.IsValueType ? "struct" : "class")}} {{type.Name}}
                {
                    [global::System.Runtime.CompilerServices.MethodImpl(
                        global::System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]
                    {{access}} static partial {{answer}} {{method.Name}}({{declared}});

                    [global::System.Runtime.InteropServices.UnmanagedCallersOnly(
                        CallConvs = [typeof(global::System.Runtime.CompilerServices.CallConvCdecl)])]
                    {{access}} static {{result}} {{method.Name}}({{parameters}})
                    {
                        try
                        {
                            return {{success}};
                        }
                        catch (global::System.Exception exception)
                        {
                            global::Symplast.CPython.Errors.FromManaged(exception);
                            return {{failure}};
                        }
                    }
                }
            }

            """;
    }

    static string Argument(IParameterSymbol one) => IsPassedOn(one) ? one.Name
        : one.Type.TypeKind == TypeKind.Class ? $"{Name(one.Type)}.Of(({Object}){one.Name})"
        : $"({Name(one.Type)}){one.Name}";

    static bool IsPassedOn(IParameterSymbol one) => one.Type.TypeKind is TypeKind.Struct or TypeKind.Enum;

    static string Name(ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);
}
