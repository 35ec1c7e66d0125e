namespace Symplast.CPython;

/// <summary>
/// Sizes and offsets of the datetime types. The packed fields begin right after a flag byte, so they are not declared as a
/// struct.
/// </summary>
public static class PyDateTimeLayout
{
    /// <summary>Offset of the cached hash in all of them.</summary>
    public const int Hash = 16;

    /// <summary>Offset of the byte that is 1 if a datetime or time has a tzinfo.</summary>
    public const int HasTimeZone = 24;

    /// <summary>Bytes of a date.</summary>
    public const int DateSize = 32;

    /// <summary>Bytes of a timedelta.</summary>
    public const int DeltaSize = 40;

    /// <summary>Bytes of a time without tzinfo; with one, the pointer follows.</summary>
    public const int TimeSize = 32;

    /// <summary>Bytes of a datetime without tzinfo; with one, the pointer follows.</summary>
    public const int DateTimeSize = 40;
}

public partial struct Layout
{
    /// <summary>
    /// Whether the datetime types are static, at one address in every interpreter (3.13+). On 3.12 isolated interpreters have
    /// heap types of their own.
    /// </summary>
    public bool StaticDateTimes = minor >= 13;

    /// <summary>
    /// Whether an interpreter must import datetime before it uses a datetime object that another interpreter has made (3.13).
    /// </summary>
    public bool DateTimesNeedImport = minor == 13;
}
