using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Extensions;

/// <summary>How an extension module is loaded. The numbers are those of <c>privacy.py</c>.</summary>
internal enum Treatment
{
    /// <summary>The module gets a private copy unless it declares support for several interpreters.</summary>
    CopyIfNeeded,

    /// <summary>The module gets a private copy in any case.</summary>
    Copy,

    /// <summary>The module is refused unless it declares support.</summary>
    RefuseIfNeeded,

    /// <summary>CPython's own loader loads the module in any case.</summary>
    Share,
}

/// <summary>
/// Loads extension modules that do not support several interpreters from private copies of their libraries. It stands in for
/// <c>create_module</c> of <c>importlib</c>'s loader, in the calling interpreter.
/// </summary>
/// <remarks>
/// CPython's own loader cannot be used: since 3.13 it calls a module's function in the main interpreter first. It still does
/// everything else, including the execution of multi-phase modules.
/// </remarks>
internal static unsafe class ExtensionLoader
{
    /// <summary>
    /// Returns a new reference to the module; None if CPython's own loader is to load it; NotImplemented if it is refused.
    /// Returns null with an exception set: that of the module's initialization, ImportError if its library cannot be loaded, or
    /// SystemError if the module breaks the rules of initialization.
    /// </summary>
    internal static PyObject* Load(
        InterpreterState interpreter, PyObject* nameObject, PyObject* pathObject, PyObject* spec, Treatment treatment)
    {
        ref Api api = ref Api.Table;
        if (Interpreters.IsMain()) return References.New(api._Py_NoneStruct);
        string name = Text.FromPython(nameObject), path = Text.FromPython(pathObject);
        if (ExtensionFile.At(path) is not ExtensionFile file) return References.New(api._Py_NoneStruct);
        if (SymbolOf(nameObject, name) is not string suffix) return null;
        ExtensionTable table = ExtensionTable.Of(interpreter);
        try
        {
            // A copy that was loaded from this path stays in use, even if the path now names another file.
            PrivateCopy? copy = table.Copies.Find(file);
            if (copy is null && treatment == Treatment.Share)
            {
                table.AddOrdinary(name, file.Path, Verdicts.IsSinglePhase(file) ? "single-phase" : "multi-phase");
                return References.New(api._Py_NoneStruct);
            }
            Verdict verdict = copy is not null ? Verdict.NeedsCopies
                : table.IsOrdinary(file.Path) ? Verdict.Supports
                : treatment == Treatment.Copy ? Verdict.NeedsCopies
                : Verdicts.Of(file, "PyInit" + suffix, treatment == Treatment.RefuseIfNeeded);
            bool mayCopy = copy is not null || treatment != Treatment.RefuseIfNeeded;
            if (verdict == Verdict.NeedsCopies && !mayCopy) return References.New(api._Py_NotImplementedStruct);
            PyObject* module = verdict == Verdict.Supports
                ? References.New(api._Py_NoneStruct)
                : LoadPrivate(table, file, copy, suffix, name, nameObject, pathObject, spec, verdict, mayCopy);
            if (module == api._Py_NoneStruct) table.AddOrdinary(name, file.Path, "multi-phase");
            return module;
        }
        catch (BadImageFormatException)
        {
            // Not a shared library: the dynamic linker's own message says better what is wrong.
            return References.New(api._Py_NoneStruct);
        }
        catch (IOException e)
        {
            // CPython, too, puts only the last part of the name into the ImportError when the dynamic linker refuses a library.
            PyObject* last = Text.ToPython(LastPart(name));
            if (last != null) RaiseImportError(e.Message, last, pathObject);
            References.Drop(last);
            return null;
        }
    }

    static PyObject* LoadPrivate(
        ExtensionTable table, ExtensionFile file, PrivateCopy? copy, string suffix, string name, PyObject* nameObject,
        PyObject* pathObject, PyObject* spec, Verdict verdict, bool mayCopy)
    {
        ref Api api = ref Api.Table;
        if (table.TryGet(file.Path, name, out PyModuleDef* known, out PyObject* contents))
            return Restore(known, contents, nameObject);
        bool isNew = copy is null;
        copy ??= table.Copies.Load(file.Path, api.PyInterpreterState_Get());
        if (isNew && !WarnOfHazards(table.Copies, name)) return null;
        void* export = api.PyModule_FromSlotsAndSpec == null
            ? null : Linux.FindSymbol((void*)copy.Handle, "PyModExport" + suffix);
        if (export != null) return LoadExported(table, file, suffix, name, spec, verdict, export, isNew ? copy : null, mayCopy);
        void* function = Linux.FindSymbol((void*)copy.Handle, "PyInit" + suffix);
        if (function == null)
        {
            string missing = api.PyModule_FromSlotsAndSpec == null ? $"PyInit{suffix}" : $"PyModExport{suffix} or PyInit{suffix}";
            return RaiseImportError($"dynamic module does not define module export function ({missing})", nameObject, pathObject);
        }
        nint text = Marshal.StringToCoTaskMemUTF8(name);
        PyObject* result = ModuleDefinitions.Initialize(function, (byte*)text);
        Marshal.FreeCoTaskMem(text);
        if (!IsSound(result, LastPart(name))) return null;
        if (result->Type == api.PyModuleDef_Type)
        {
            PyModuleDef* definition = (PyModuleDef*)result;
            bool supports = verdict == Verdict.Unknown && ModuleDefinitions.DeclaresSupport(definition);
            if (verdict == Verdict.Unknown)
                Verdicts.Remember(file, "PyInit" + suffix, supports ? Verdict.Supports : Verdict.NeedsCopies);
            if (supports)
            {
                if (isNew) table.Copies.Forget(copy);
                return References.New(api._Py_NoneStruct);
            }
            if (!mayCopy)
            {
                table.Copies.Forget(copy);
                return References.New(api._Py_NotImplementedStruct);
            }
            ModuleDefinitions.DeclareSupport(definition);
            PyObject* module = api.PyModule_FromDefAndSpec2(definition, spec, Api.PYTHON_API_VERSION);
            if (module != null) table.Add(name, file.Path, "multi-phase");
            return module;
        }
        if (verdict == Verdict.Unknown) Verdicts.Remember(file, "PyInit" + suffix, Verdict.NeedsCopies);
        if (!mayCopy)
        {
            // The copy stays loaded: its code has been initialized.
            References.Drop(result);
            return References.New(api._Py_NotImplementedStruct);
        }
        return Finish(table, file, name, result, pathObject);
    }

    // Returns false with an exception set if warnings are errors.
    static bool WarnOfHazards(PrivateCopies copies, string name)
    {
        string? library = copies.TakeLockingLibrary();
        if (library is null) return true;
        string message =
            $"{name}: its private copy has an SQLite of its own ({library}); copies drop each other's locks on files, so open "
            + "a database in one interpreter only";
        nint text = Marshal.StringToCoTaskMemUTF8(message);
        int failed = Api.Table.PyErr_WarnEx(*Api.Table.PyExc_RuntimeWarning, (byte*)text, 1);
        Marshal.FreeCoTaskMem(text);
        return failed == 0;
    }

    static PyObject* LoadExported(
        ExtensionTable table, ExtensionFile file, string suffix, string name, PyObject* spec, Verdict verdict, void* export,
        PrivateCopy? fresh, bool mayCopy)
    {
        ref Api api = ref Api.Table;
        void* slots = ((delegate* unmanaged[Cdecl]<void*>)export)();
        if (slots == null)
        {
            if (api.PyErr_Occurred() == null)
                Errors.Set(*api.PyExc_SystemError, $"slot export function for module {name} failed without setting an exception");
            return null;
        }
        bool supports = ModuleDefinitions.DeclaresSupport(slots);
        if (verdict == Verdict.Unknown)
            Verdicts.Remember(file, "PyInit" + suffix, supports ? Verdict.Supports : Verdict.NeedsCopies);
        if (supports)
        {
            if (fresh is not null) table.Copies.Forget(fresh);
            return References.New(api._Py_NoneStruct);
        }
        if (!mayCopy)
        {
            if (fresh is not null) table.Copies.Forget(fresh);
            return References.New(api._Py_NotImplementedStruct);
        }
        PyObject* module = api.PyModule_FromSlotsAndSpec(ModuleDefinitions.WithSupport(slots), spec);
        if (module != null) table.Add(name, file.Path, "multi-phase");
        return module;
    }

    // Completes the initialization of a single-phase module as CPython does.
    static PyObject* Finish(ExtensionTable table, ExtensionFile file, string name, PyObject* module, PyObject* pathObject)
    {
        ref Api api = ref Api.Table;
        PyModuleDef* definition = (PyModuleDef*)api.PyModule_GetDef(module);
        if (definition == null)
        {
            api.PyErr_Clear();
            bool isModuleObject = api.PyType_IsSubtype(module->Type, api.PyModule_Type) != 0;
            References.Drop(module);
            // 3.13 and newer use another message for a module without a definition than for an object that is no module.
            bool isModule = Layout.Current.TellsInvalidModules && isModuleObject;
            return Errors.Set(
                *api.PyExc_SystemError,
                $"initialization of {LastPart(name)} did not return {(isModule ? "a valid" : "an")} extension module");
        }
        if (api.PyModule_AddObjectRef(module, Text.Utf8("__file__"u8), pathObject) != 0) api.PyErr_Clear();
        bool done = api.PyState_FindModule(definition) == module || api.PyState_AddModule(module, definition) == 0;
        if (done && definition->StateSize == -1)
        {
            PyObject* contents = api.PyDict_Copy(api.PyModule_GetDict(module));
            done = contents != null;
            if (done) table.Keep(file.Path, name, definition, contents);
        }
        if (done)
        {
            table.Add(name, file.Path, "single-phase");
            return module;
        }
        References.Drop(module);
        return null;
    }

    // CPython initializes a single-phase module without state once. A later import gets the module dict's contents of that time.
    static PyObject* Restore(PyModuleDef* definition, PyObject* contents, PyObject* nameObject)
    {
        ref Api api = ref Api.Table;
        PyObject* module = api.PyModule_NewObject(nameObject);
        if (module != null && api.PyDict_Update(api.PyModule_GetDict(module), contents) == 0
            && api.PyState_AddModule(module, definition) == 0) return module;
        References.Drop(module);
        return null;
    }

    // Whether the result of a module's function agrees with the exception state. Returns false with an exception set.
    static bool IsSound(PyObject* result, string name)
    {
        ref Api api = ref Api.Table;
        PyObject* raised = api.PyErr_Occurred() == null ? null : api.PyErr_GetRaisedException();
        if (result == null)
        {
            if (raised != null) api.PyErr_SetRaisedException(raised);
            else Errors.Set(*api.PyExc_SystemError, $"initialization of {name} failed without raising an exception");
            return false;
        }
        if (result->Type == null)
        {
            References.Drop(raised);
            Errors.Set(*api.PyExc_SystemError, $"init function of {name} returned uninitialized object");
            return false;
        }
        if (raised == null) return true;
        if (result->Type != api.PyModuleDef_Type) References.Drop(result);
        Errors.Set(*api.PyExc_SystemError, $"initialization of {name} raised unreported exception");
        PyObject* error = api.PyErr_GetRaisedException();
        api.PyException_SetCause(error, raised);
        api.PyErr_SetRaisedException(error);
        return false;
    }

    // PEP 489: "_" and the last part of the name, or "U_" and the last part in punycode. Returns null with an exception set.
    static string? SymbolOf(PyObject* nameObject, string name)
    {
        string last = LastPart(name);
        if (System.Text.Ascii.IsValid(last)) return "_" + last;
        PyObject* text = Text.ToPython(last);
        PyObject* encoded = text == null ? null : Api.Table.PyUnicode_AsEncodedString(text, Text.Utf8("punycode"u8), null);
        References.Drop(text);
        if (encoded == null) return null;
        string punycode = Marshal.PtrToStringUTF8((nint)((byte*)encoded + PyBytesObject.DataOffset))!;
        References.Drop(encoded);
        return "U_" + punycode.Replace('-', '_');
    }

    static string LastPart(string name) => name[(name.LastIndexOf('.') + 1)..];

    static PyObject* RaiseImportError(string message, PyObject* name, PyObject* path)
    {
        PyObject* text = Text.ToPython(message);
        if (text == null) return null;
        Api.Table.PyErr_SetImportError(text, name, path);
        References.Drop(text);
        return null;
    }
}
