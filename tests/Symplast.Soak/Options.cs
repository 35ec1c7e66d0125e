namespace Symplast.Soak;

/// <summary>What the command line says.</summary>
internal sealed record Options(double Minutes, int Threads, ulong Seed, bool Checked)
{
    internal static Options? Parse(string[] arguments)
    {
        Options options = new(1, 4, (ulong)Environment.TickCount64, false);
        for (int i = 0; i < arguments.Length; i++)
        {
            string? value = i + 1 < arguments.Length ? arguments[i + 1] : null;
            switch (arguments[i])
            {
                case "--checked":
                    options = options with { Checked = true };
                    continue;
                case "--minutes" when double.TryParse(value, out double minutes):
                    options = options with { Minutes = minutes };
                    break;
                case "--threads" when int.TryParse(value, out int threads) && threads is > 0 and <= 64:
                    options = options with { Threads = threads };
                    break;
                case "--seed" when ulong.TryParse(value, out ulong seed):
                    options = options with { Seed = seed };
                    break;
                default:
                    return null;
            }
            i++;
        }
        return options;
    }
}
