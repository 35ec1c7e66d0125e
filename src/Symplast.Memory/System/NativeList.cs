using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Symplast.Memory;

/// <summary>
/// A growable array in native memory, used as list and as stack where a managed one would give work to the garbage collector.
/// Not thread-safe. Element addresses change when it grows.
/// </summary>
public unsafe struct NativeList<T> : IDisposable where T : unmanaged
{
    T* _items;
    int _count;
    int _capacity;

    /// <summary>Number of elements.</summary>
    public readonly int Count => _count;

    /// <summary>Address of element <paramref name="index"/>, valid until the list grows.</summary>
    public readonly T* this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _items + index;
    }

    /// <summary>Address of the last element; the list must not be empty.</summary>
    public readonly T* Last
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _items + _count - 1;
    }

    /// <summary>Appends an element whose content is undefined and returns its address.</summary>
    /// <exception cref="OutOfMemoryException">The system has no memory left; the list is as before.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T* Add()
    {
        if (_count == _capacity) Grow();
        return _items + _count++;
    }

    /// <summary>Appends <paramref name="item"/>.</summary>
    /// <exception cref="OutOfMemoryException">The system has no memory left; the list is as before.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(T item) => *Add() = item;

    /// <summary>Makes room for <paramref name="count"/> more elements, so that adding them cannot fail.</summary>
    /// <exception cref="OutOfMemoryException">The system has no memory left; the list is as before.</exception>
    public void Reserve(int count)
    {
        while (_capacity - _count < count) Grow();
    }

    /// <summary>Drops the last element; the list must not be empty.</summary>
    public void RemoveLast() => _count--;

    /// <summary>Removes element <paramref name="index"/>; the last one takes its place.</summary>
    public void RemoveAtUnordered(int index) => _items[index] = _items[--_count];

    /// <summary>Drops all elements and keeps the memory.</summary>
    public void Clear() => _count = 0;

    /// <summary>Frees the memory; the list is empty and usable afterwards.</summary>
    public void Dispose()
    {
        NativeMemory.Free(_items);
        this = default;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void Grow()
    {
        int capacity = _capacity == 0 ? 16 : checked(_capacity * 2);
        _items = (T*)NativeMemory.Realloc(_items, (nuint)capacity * (nuint)sizeof(T));
        _capacity = capacity;
    }
}
