using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Symplast.CPython;

namespace Symplast.Python.Tests.Hosting;

/// <summary>
/// The main thread of the hosted Python: it starts the interpreter, does what tests send it one after the other, and ends the
/// interpreter. The GIL is free while it waits, so that threads and interpreters which a test started go on.
/// </summary>
internal sealed unsafe partial class PythonThread : IDisposable
{
    // CPython before 3.14 counts on the 8 MiB that a main thread has.
    const int StackBytes = 16 << 20;

    // Far beyond what any test needs: it only turns a hang into a failure.
    static readonly TimeSpan Hang = TimeSpan.FromMinutes(5);

    readonly BlockingCollection<Action> _jobs = [];
    readonly Thread _thread;
    readonly string _executable;
    void* _state;
    bool _hangs;

    internal PythonThread(string executable)
    {
        _executable = executable;
        _thread = new Thread(Live, StackBytes) { Name = "Python", IsBackground = true };
        _thread.Start();
        // The first job starts when the interpreter has.
        Do(() => { });
    }

    /// <summary>Runs <paramref name="body"/> with the main interpreter's GIL and throws what it throws.</summary>
    internal void Do(Action body)
    {
        if (_hangs) throw new TimeoutException("an earlier test never came back");
        ExceptionDispatchInfo? failure = null;
        ManualResetEventSlim done = new();
        _jobs.Add(() =>
        {
            try
            {
                body();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
            finally
            {
                done.Set();
            }
        });
        _hangs = !done.Wait(Hang);
        if (_hangs) throw new TimeoutException("the test never came back");
        failure?.Throw();
    }

    /// <summary>Ends the interpreter.</summary>
    public void Dispose()
    {
        if (_hangs) return;
        _jobs.CompleteAdding();
        _thread.Join();
        _jobs.Dispose();
    }

    void Live()
    {
        Start();
        foreach (Action job in _jobs.GetConsumingEnumerable())
        {
            Api.Table.PyEval_RestoreThread(_state);
            job();
            _state = Api.Table.PyEval_SaveThread();
        }
        Api.Table.PyEval_RestoreThread(_state);
        Finish();
    }

    void Start()
    {
        if (ApiLoader.Load() is string missing) throw new EntryPointNotFoundException(missing);
        // The table keeps the name.
        delegate* unmanaged[Cdecl]<PyObject*> initialise = &Module.Init;
        AppendBuiltin(Text.Utf8("symplast._symplast"u8), initialise);
        if (_executable != "") SetProgramName(WideString(_executable));
        // Signals belong to the test host.
        Initialise(0);
        _state = Api.Table.PyEval_SaveThread();
    }

    // wchar_t*, which CPython keeps for good.
    static uint* WideString(string text)
    {
        int[] codePoints = [.. text.EnumerateRunes().Select(rune => rune.Value), 0];
        uint* copy = (uint*)NativeMemory.Alloc((nuint)codePoints.Length, sizeof(uint));
        for (int i = 0; i < codePoints.Length; i++) copy[i] = (uint)codePoints[i];
        return copy;
    }

    // These are not in the table, because the extension module has no use for them.
    static void AppendBuiltin(byte* name, delegate* unmanaged[Cdecl]<PyObject*> initialise) =>
        ((delegate* unmanaged[Cdecl]<byte*, void*, int>)ApiLoader.Find("PyImport_AppendInittab"))(name, initialise);

    static void SetProgramName(uint* name) =>
        ((delegate* unmanaged[Cdecl]<uint*, void>)ApiLoader.Find("Py_SetProgramName"))(name);

    static void Initialise(int installSignalHandlers) =>
        ((delegate* unmanaged[Cdecl]<int, void>)ApiLoader.Find("Py_InitializeEx"))(installSignalHandlers);

    static void Finish() => ((delegate* unmanaged[Cdecl]<int>)ApiLoader.Find("Py_FinalizeEx"))();
}
