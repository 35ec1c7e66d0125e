using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Extensions;

/// <summary>
/// What a module says of itself in its PyModuleDef, or on 3.15 in the slots that it exports, and how a private copy's is put
/// right.
/// </summary>
internal static unsafe class ModuleDefinitions
{
    // Py_mod_multiple_interpreters: as it was until 3.14, and as modules that are compiled for 3.15 name it.
    const int Support = PyModuleSlot.MultipleInterpreters, SupportSince315 = 86;

    // The name that the module whose initialization runs is imported by, in UTF-8; what a PyInit function imports may have one of
    // its own.
    [ThreadStatic] static byte* _importedName;

    /// <summary>A slot as 3.15 exports it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    struct ExportedSlot
    {
        internal ushort Id, Flags;
        internal uint Reserved;
        internal void* Value;
    }

    /// <summary>Whether a definition declares that several interpreters with their own GIL may use the module.</summary>
    internal static bool DeclaresSupport(PyModuleDef* definition)
    {
        for (PyModuleSlot* slot = definition->Slots; slot != null && slot->Slot != 0; slot++)
            if (slot->Slot is Support or SupportSince315) return slot->Value == (void*)PyModuleSlot.PerInterpreterGilSupported;
        return false;
    }

    /// <summary>The same for slots that a PyModExport function returned.</summary>
    internal static bool DeclaresSupport(void* exported)
    {
        for (ExportedSlot* slot = (ExportedSlot*)exported; slot->Id != 0; slot++)
            if (slot->Id is Support or SupportSince315) return slot->Value == (void*)PyModuleSlot.PerInterpreterGilSupported;
        return false;
    }

    /// <summary>
    /// Lets a definition of a private copy declare it. The definition itself is what a module's types are compared with, so it is
    /// changed and not replaced.
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

    /// <summary>A copy of exported slots, which may lie in read-only memory, that declares it.</summary>
    internal static void* WithSupport(void* exported)
    {
        ExportedSlot* slots = (ExportedSlot*)exported;
        int count = 0;
        while (slots[count].Id != 0) count++;
        ExportedSlot* copy = (ExportedSlot*)NativeMemory.AllocZeroed((nuint)count + 2, (nuint)sizeof(ExportedSlot));
        int kept = 0;
        for (int i = 0; i < count; i++)
            if (slots[i].Id is not (Support or SupportSince315)) copy[kept++] = slots[i];
        copy[kept] = new ExportedSlot { Id = SupportSince315, Value = (void*)PyModuleSlot.PerInterpreterGilSupported };
        return copy;
    }

    /// <summary>Calls a PyInit function; a module that it makes is to be named as it is imported.</summary>
    /// <param name="function">Its address.</param>
    /// <param name="name">In UTF-8.</param>
    internal static PyObject* Initialize(void* function, byte* name)
    {
        byte* before = _importedName;
        _importedName = name;
        PyObject* result = ((delegate* unmanaged[Cdecl]<PyObject*>)function)();
        _importedName = before;
        return result;
    }

    /// <summary>
    /// Calls PyModule_Create2. The first module that an initialization makes, if its definition has the last part of the name
    /// that it is imported by, gets that name. CPython does that for modules that it loads itself, by a name that it keeps for
    /// the moment and that nobody else can set.
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
