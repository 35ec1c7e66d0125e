using System.Runtime.InteropServices;

namespace Symplast.Testing;

/// <summary>
/// A thread of an exploration. It runs only while it has the token, a futex word of its own; it lives through all schedules,
/// because a thread takes longer to start than a schedule to run.
/// </summary>
internal sealed unsafe class Actor
{
    [ThreadStatic]
    static Actor? _current;

    readonly Run _run;
    readonly Thread _thread;
    readonly int* _token = Token.Create();
    Participant* _me;
    volatile bool _closing;

    internal Actor(Run run, int number)
    {
        _run = run;
        Number = number;
        _thread = new Thread(Live) { IsBackground = true, Name = "trial " + number };
        _thread.Start();
    }

    /// <summary>The calling thread's, or null outside explorations.</summary>
    internal static Actor? Current => _current;

    internal int Number { get; }

    /// <summary>See <see cref="Explorer.Omission"/>.</summary>
    internal Enum? Omission => _run.Omission;

    /// <summary>See <see cref="Explorer.IsDeep"/>.</summary>
    internal bool IsDeep => _run.IsDeep;

    /// <summary>Whether it passes points by: see <see cref="Interleaving.Alone"/>.</summary>
    internal bool IsAlone { get; set; }

    /// <summary>What it shall do when it gets the token next.</summary>
    internal Body? Body { get; set; }

    internal void GiveToken() => Token.Give(_token);

    /// <summary>The calling thread has come to a point where another one may get its turn.</summary>
    internal void Pause(Pause pause, int* word)
    {
        if (!_run.IsAbandoned)
        {
            Actor? next = _run.Next(this, pause, word);
            if (next == this) return;
            if (next != null)
            {
                next.GiveToken();
                Token.Wait(_token);
            }
        }
        if (_run.IsAbandoned) throw new AbandonedException();
    }

    internal int Pick(int count) => _run.IsAbandoned ? 0 : _run.Pick(count);

    internal void Close()
    {
        _closing = true;
        GiveToken();
        _thread.Join();
        Token.Destroy(_token);
    }

    // A filter runs before the stack is unwound, on which the thread's waiter lies.
    bool LeaveParkingLot()
    {
        using Interleaving.Solitude alone = Interleaving.Alone();
        ParkingLot.Dismiss(Waiter.Of(_me).Interpreter);
        return true;
    }

    void Live()
    {
        Processor.StayOn(_run.Processor);
        _me = Epoch.Join();
        while (true)
        {
            Token.Wait(_token);
            if (_closing) break;
            _current = this;
            try
            {
                if (!_run.IsAbandoned) Body!(_me);
                if (Epoch.IsInside(_me)) throw new InvalidOperationException($"thread {Number} ended inside a section");
            }
            catch (AbandonedException) when (LeaveParkingLot())
            {
            }
            catch (Exception e)
            {
                _run.Fail(e);
            }
            _current = null;
            while (Epoch.IsInside(_me)) Epoch.Exit(_me);
            _run.End(this);
        }
        Epoch.Leave(_me);
    }
}

/// <summary>The right to run, handed from thread to thread. A word of 1 says that its thread has it.</summary>
internal static unsafe class Token
{
    const long Patience = 60_000_000_000;

    internal static int* Create() => (int*)NativeMemory.AllocZeroed(64);

    internal static void Destroy(int* token) => NativeMemory.Free(token);

    internal static void Give(int* token)
    {
        // Release: pairs with the exchange in Wait; everything the giver did comes before what the taker does.
        Volatile.Write(ref *token, 1);
        Futex.Wake(token, 1);
    }

    internal static void Wait(int* token)
    {
        // Acquire (full fence): pairs with Give.
        while (Interlocked.Exchange(ref *token, 0) == 0) Futex.Wait(token, 0);
    }

    /// <summary>
    /// False if it has not come after a minute: a thread of the trial waits for another one behind the scheduler's back.
    /// </summary>
    internal static bool TryWait(int* token)
    {
        while (Interlocked.Exchange(ref *token, 0) == 0)
        {
            long start = Environment.TickCount64;
            Futex.Wait(token, 0, Patience);
            if (Volatile.Read(ref *token) == 0 && Environment.TickCount64 - start >= Patience / 1_000_000) return false;
        }
        return true;
    }
}
