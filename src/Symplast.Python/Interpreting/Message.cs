using System.Runtime.InteropServices;
using Symplast.CPython;
using Symplast.Python.Live;

namespace Symplast.Python.Interpreting;

/// <summary>
/// Bytes that are sent between interpreters, in memory that belongs to neither, with the owner's object that they concern. A
/// message has one owner at a time: a queue, a worker, or the code that has removed it from a queue.
/// </summary>
internal unsafe struct Message
{
    /// <summary>The next message in the list of answers.</summary>
    internal Message* Next;

    /// <summary>The owner's object (a future). Only a thread with the owner's GIL may drop this reference.</summary>
    internal PyObject* Subject;

    /// <summary>The kind of an answer; of no meaning in tasks.</summary>
    internal AnswerKind Kind;

    /// <summary>The number of a task; of no meaning in answers.</summary>
    internal long Number;

    /// <summary>The nanoseconds after which a task is interrupted, or 0; of no meaning in answers.</summary>
    internal long Limit;

    /// <summary>The parcel of the live objects that the bytes name (<see cref="Parcels"/>), or 0.</summary>
    internal long Parcel;

    /// <summary>The number of bytes, which follow this struct.</summary>
    internal nint Length;

    /// <summary>The bytes.</summary>
    internal static byte* Data(Message* message) => (byte*)(message + 1);

    /// <summary>Creates a message with a copy of the data and takes ownership of the parcel.</summary>
    /// <exception cref="OutOfMemoryException">No memory.</exception>
    internal static Message* Create(PyObject* subject, AnswerKind kind, byte* data, nint length, long parcel)
    {
        Message* message = (Message*)NativeMemory.Alloc((nuint)(sizeof(Message) + length));
        *message = new Message { Subject = subject, Kind = kind, Length = length, Parcel = parcel };
        Buffer.MemoryCopy(data, Data(message), length, length);
        return message;
    }

    /// <summary>Frees the memory. The caller must have handed on or dropped the reference to the subject.</summary>
    internal static void Free(Message* message)
    {
        Parcels.Drop(message->Parcel);
        NativeMemory.Free(message);
    }
}
