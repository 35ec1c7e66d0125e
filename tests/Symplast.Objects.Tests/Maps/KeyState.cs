namespace Symplast.Objects.Tests;

/// <summary>What a model of a map knows of one key: its value, or null.</summary>
public readonly record struct KeyState(long? Value);
