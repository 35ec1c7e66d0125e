using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Python.Live;

namespace Symplast.Python.Interpreting;

/// <summary>
/// Bytes on their way between interpreters, in memory that belongs to neither, with the owner's object that they concern. A
/// message has one holder at a time: a queue, a worker, or whoever takes it off.
/// </summary>
internal unsafe struct Message
{
    /// <summary>Next in the list of answers.</summary>
    internal Message* Next;

    /// <summary>The owner's object (its future); a reference that only the owner's thread with its GIL may drop.</summary>
    internal PyObject* Subject;

    /// <summary>What the answer is; 0 in tasks.</summary>
    internal long Kind;

    /// <summary>The live objects that the bytes name (<see cref="Parcels"/>), or 0.</summary>
    internal long Parcel;

    /// <summary>Number of bytes, which follow this struct.</summary>
    internal nint Length;

    /// <summary>The bytes.</summary>
    internal static byte* Data(Message* message) => (byte*)(message + 1);

    /// <summary>A message with a copy of the data; takes over the parcel.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal static Message* Create(PyObject* subject, long kind, byte* data, nint length, long parcel)
    {
        Message* message = (Message*)NativeMemory.Alloc((nuint)(sizeof(Message) + length));
        *message = new Message { Subject = subject, Kind = kind, Length = length, Parcel = parcel };
        Buffer.MemoryCopy(data, Data(message), length, length);
        return message;
    }

    /// <summary>Frees the memory; the subject's reference must have been handed on or dropped.</summary>
    internal static void Free(Message* message)
    {
        Parcels.Drop(message->Parcel);
        NativeMemory.Free(message);
    }
}
