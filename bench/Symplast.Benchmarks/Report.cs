using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Symplast.Benchmarks;

/// <summary>All rows as JSON, and under which conditions they were measured.</summary>
internal static class Report
{
    internal static void Write(string file, bool quick, List<Row> rows) => File.WriteAllText(file, ToJson(new Results(
        RuntimeInformation.FrameworkDescription, RuntimeInformation.OSDescription, Environment.ProcessorCount, Contest.Rounds,
            quick, rows)));

    /// <summary>What cannot be divided (no pause by no pause) has no ratio, and JSON no such number: it is null there.</summary>
    internal static string ToJson(Results results) => JsonSerializer.Serialize(results, ResultsContext.Default.Results);
}

/// <summary>What is written.</summary>
internal sealed record Results(string Runtime, string System, int Processors, int Rounds, bool Quick, List<Row> Rows);

/// <summary>Numbers as JSON has them; null for the others.</summary>
internal sealed class FiniteConverter : JsonConverter<double>
{
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        if (double.IsFinite(value)) writer.WriteNumberValue(value);
        else writer.WriteNullValue();
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, Converters = [typeof(FiniteConverter)])]
[JsonSerializable(typeof(Results))]
internal sealed partial class ResultsContext : JsonSerializerContext;
