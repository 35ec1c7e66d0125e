namespace Symplast.CPython;

/// <summary>The codes of the operators, as tp_richcompare and PyObject_RichCompare take them (Py_LT to Py_GE).</summary>
public static class Comparison
{
    /// <summary>Py_LT.</summary>
    public const int Less = 0;

    /// <summary>Py_LE.</summary>
    public const int LessOrEqual = 1;

    /// <summary>Py_EQ.</summary>
    public const int Equal = 2;

    /// <summary>Py_NE.</summary>
    public const int NotEqual = 3;

    /// <summary>Py_GT.</summary>
    public const int Greater = 4;
}
