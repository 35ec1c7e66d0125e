using Symplast.CPython;

namespace Symplast.Python;

/// <summary>Which datetime type an object has.</summary>
internal enum DateTimeKind
{
    /// <summary>date.</summary>
    Date,

    /// <summary>datetime.</summary>
    DateTime,

    /// <summary>time.</summary>
    Time,

    /// <summary>timedelta.</summary>
    Delta,

    /// <summary>timezone.</summary>
    TimeZone,
}

/// <summary>
/// The types of the datetime module, if they are static and can therefore be shared (3.13+). They are looked up when the first
/// candidate is met, because importing datetime takes longer than importing this module.
/// </summary>
internal sealed unsafe class DateTimeTypes
{
    // The head of PyDateTime_CAPI, stable since 3.7.
    struct CApi
    {
        internal PyObject* Date;
        internal PyObject* DateTime;
        internal PyObject* Time;
        internal PyObject* Delta;
        internal PyObject* TimeZoneBase;
        internal PyObject* Utc;
    }

    CApi* _api;
    bool _imported;

    /// <summary>Whether <see cref="Import"/> was called or is not needed.</summary>
    internal bool IsImported => _imported || !Layout.Current.DateTimesNeedImport;

    /// <summary>timezone.utc, a static object of the process. Valid after <see cref="Knows"/> has returned true.</summary>
    internal PyObject* Utc => _api->Utc;

    /// <summary>
    /// Whether <see cref="Knows"/> would import the datetime module for <paramref name="type"/>, which may run other code.
    /// </summary>
    internal bool NeedsImportFor(PyObject* type)
    {
        if (_api != null || !Layout.Current.StaticDateTimes) return false;
        byte* name = Layout.NameOf(type);
        // A shorter name ends with a zero byte, which ends the comparison.
        foreach (byte expected in "datetime."u8)
        {
            if (*name++ != expected) return false;
        }
        return true;
    }

    /// <summary>Whether <paramref name="type"/> is exactly one of the types, and which.</summary>
    internal bool Knows(PyObject* type, out DateTimeKind kind)
    {
        kind = default;
        if (_api == null)
        {
            if (!NeedsImportFor(type)) return false;
            _api = (CApi*)Api.Table.PyCapsule_Import(Text.Utf8("datetime.datetime_CAPI"u8), 0);
            if (_api == null)
            {
                Api.Table.PyErr_Clear();
                return false;
            }
        }
        if (type == _api->DateTime) kind = DateTimeKind.DateTime;
        else if (type == _api->Date) kind = DateTimeKind.Date;
        else if (type == _api->Time) kind = DateTimeKind.Time;
        else if (type == _api->Delta) kind = DateTimeKind.Delta;
        else if (type == _api->Utc->Type) kind = DateTimeKind.TimeZone;
        else return false;
        return true;
    }

    /// <summary>
    /// Imports the datetime module, so that this interpreter can use datetime objects that another interpreter has made (see
    /// <see cref="Layout.DateTimesNeedImport"/>). Returns false with an exception set if the import fails.
    /// </summary>
    internal bool Import()
    {
        if (_imported || !Layout.Current.DateTimesNeedImport) return true;
        PyObject* module = Api.Table.PyImport_ImportModule(Text.Utf8("datetime"u8));
        if (module == null) return false;
        References.Drop(module);
        return _imported = true;
    }
}
