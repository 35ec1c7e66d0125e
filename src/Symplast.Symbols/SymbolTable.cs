using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Symplast.Symbols;

/// <summary>
/// Writes <c>Api.Fill</c>, which looks up each field of the struct <c>Api</c> by its name, or by the names in its attribute
/// <c>[Symbol]</c>. So nobody lists the fields a second time.
/// </summary>
[Generator]
public sealed class SymbolTable : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        IncrementalValueProvider<ImmutableArray<string>> statements = context.SyntaxProvider.CreateSyntaxProvider(
            static (node, _) => node is FieldDeclarationSyntax { Parent: StructDeclarationSyntax { Identifier.Text: "Api" } },
            static (found, _) => Fill((FieldDeclarationSyntax)found.Node)).Collect();
        context.RegisterSourceOutput(statements, static (output, lines) =>
        {
            if (lines.Length == 0) return;
            output.AddSource("Api.Fill.g.cs", $$"""
                namespace Symplast.CPython;

                public unsafe partial struct Api
                {
                    internal static void Fill(Api* table, ref ApiLoader.Symbols symbols)
                    {
                {{string.Concat(lines)}}    }
                }

                """);
        });
    }

    static string Fill(FieldDeclarationSyntax field)
    {
        if (field.Modifiers.Any(modifier => modifier.Text is "static" or "const")) return "";
        AttributeSyntax? symbol = field.AttributeLists.SelectMany(list => list.Attributes)
            .SingleOrDefault(one => one.Name.ToString() == "Symbol");
        StringBuilder code = new();
        foreach (VariableDeclaratorSyntax variable in field.Declaration.Variables) Fill(code, variable.Identifier.Text, symbol);
        return code.ToString();
    }

    static void Fill(StringBuilder code, string name, AttributeSyntax? symbol)
    {
        string[] names = symbol is null ? [$"\"{name}\""]
            : [.. symbol.ArgumentList!.Arguments.Where(part => part.NameEquals is null).Select(part => part.ToString())];
        bool isOptional = symbol is not null && symbol.ArgumentList!.Arguments.Any(
            argument => argument is { NameEquals: not null, Expression: LiteralExpressionSyntax { Token.Text: "true" } });
        code.Append(CultureInfo.InvariantCulture, $"        *(nint*)&table->{name} = ");
        for (int i = 0; i < names.Length - 1; i++)
            code.Append(CultureInfo.InvariantCulture, $"symbols.Find({names[i]}) is var found and not 0 ? found : ");
        code.Append(CultureInfo.InvariantCulture, $"symbols.{(isOptional ? "Find" : "Need")}({names[^1]});\n");
    }
}
