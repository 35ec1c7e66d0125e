using System.Text.Json;
using System.Text.Json.Serialization;

namespace Symplast.Benchmarks;

/// <summary>All rows as JSON.</summary>
internal static class Report
{
    internal static void Write(string file, List<Row> rows) => File.WriteAllText(file, JsonSerializer.Serialize(rows, RowsContext.Default.ListRow));
}

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(List<Row>))]
internal sealed partial class RowsContext : JsonSerializerContext;
