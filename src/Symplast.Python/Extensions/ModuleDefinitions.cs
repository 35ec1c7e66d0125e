using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Extensions;

/// <summary>
/// Reads what a module declares in its PyModuleDef, or on 3.15 in its exported slots, and makes private copies declare support
/// for several interpreters.
/// </summary>
internal static unsafe class ModuleDefinitions
{
    const int Support = PyModuleSlot.MultipleInterpreters, SupportSince315 = PyModuleSlot.MultipleInterpretersSince315;

    // The full name, in UTF-8, under which the module that is being initialized is imported. Nested initializations set it anew.
    [ThreadStatic] static byte* _importedName;

    /// <summary>Whether a definition declares that several interpreters with their own GIL may use the module.</summary>
    internal static bool DeclaresSupport(PyModuleDef* definition)
    {
        for (PyModuleSlot* slot = definition->Slots; slot != null && slot->Slot != 0; slot++)
            if (slot->Slot is Support or SupportSince315) return slot->Value == (void*)PyModuleSlot.PerInterpreterGilSupported;
        return false;
    }

    /// <summary>
    /// Whether slots that a PyModExport function returned declare that several interpreters may use the module.
    /// </summary>
    internal static bool DeclaresSupport(void* exported)
    {
        for (PySlot* slot = (PySlot*)exported; slot->Id != 0; slot++)
            if (slot->Id is Support or SupportSince315) return slot->Value == (void*)PyModuleSlot.PerInterpreterGilSupported;
        return false;
    }

    /// <summary>
    /// Makes a private copy's definition declare support. CPython compares the definition's address with that in the module's
    /// types, so the definition is changed and not replaced.
    /// </summary>
    internal static void DeclareSupport(PyModuleDef* definition)
    {
        if (DeclaresSupport(definition)) return;
        int count = 0;
        while (definition->Slots != null && definition->Slots[count].Slot != 0) count++;
        PyModuleSlot* slots = (PyModuleSlot*)NativeMemory.AllocZeroed((nuint)count + 2, (nuint)sizeof(PyModuleSlot));
        int kept = 0;
        for (int i = 0; i < count; i++)
            if (definition->Slots[i].Slot is not (Support or SupportSince315)) slots[kept++] = definition->Slots[i];
        slots[kept] = new PyModuleSlot { Slot = Support, Value = (void*)PyModuleSlot.PerInterpreterGilSupported };
        definition->Slots = slots;
    }

    /// <summary>A copy, with support declared, of exported slots, which may lie in read-only memory.</summary>
    internal static void* WithSupport(void* exported)
    {
        PySlot* slots = (PySlot*)exported;
        int count = 0;
        while (slots[count].Id != 0) count++;
        PySlot* copy = (PySlot*)NativeMemory.AllocZeroed((nuint)count + 2, (nuint)sizeof(PySlot));
        int kept = 0;
        for (int i = 0; i < count; i++)
            if (slots[i].Id is not (Support or SupportSince315)) copy[kept++] = slots[i];
        copy[kept] = new PySlot { Id = SupportSince315, Value = (void*)PyModuleSlot.PerInterpreterGilSupported };
        return copy;
    }

    /// <summary>Calls a PyInit function so that the module which it makes is named as it is imported.</summary>
    /// <param name="function">The function's address.</param>
    /// <param name="name">The module's full name in UTF-8.</param>
    internal static PyObject* Initialize(void* function, byte* name)
    {
        byte* before = _importedName;
        _importedName = name;
        PyObject* result = ((delegate* unmanaged[Cdecl]<PyObject*>)function)();
        _importedName = before;
        return result;
    }

    /// <summary>
    /// Calls PyModule_Create2. The first module that an initialization makes gets the full name under which it is imported, if
    /// its definition's name is the last part of it. CPython does this for modules that it loads itself, by a private variable.
    /// </summary>
    internal static PyObject* Create(PyModuleDef* definition, int version)
    {
        byte* full = _importedName, own = definition->Name;
        if (full == null || own == null || !IsLastPart(own, full)) return Api.Table.PyModule_Create2(definition, version);
        _importedName = null;
        definition->Name = full;
        PyObject* module = Api.Table.PyModule_Create2(definition, version);
        definition->Name = own;
        return module;
    }

    static bool IsLastPart(byte* part, byte* name)
    {
        ReadOnlySpan<byte> full = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name);
        return full[(full.LastIndexOf((byte)'.') + 1)..].SequenceEqual(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(part));
    }
}
