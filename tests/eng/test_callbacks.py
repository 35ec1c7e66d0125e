"""No exception of C# gets into C: each method that C calls catches all, or does only what cannot throw."""

import re
import unittest

import callbacks

# What may do without a catch, by the reason. Whoever changes one of them sees to it that the reason still holds.
CANNOT_THROW = {
    "shows the collector fields, or drops references and frees: nothing is allocated": """
        CurrentPool.cs: Dealloc    CurrentPool.cs: Traverse    ChannelHandle.cs: Dealloc    ChannelHandle.cs: Traverse
        DictIterator.cs: Dealloc    FieldType.cs: Dealloc    FieldType.cs: Traverse    FieldType.cs: Clear
        Handle.cs: Dealloc    ListIterator.cs: Dealloc    Module.cs: Traverse    PoolType.cs: Dealloc
        PoolType.cs: Traverse    ParcelHandle.cs: Dispose    ArrayBuffer.cs: ReleaseBuffer
    """,
    "reads a field of ours, at most under a word lock, and makes a Python object of it": """
        ChannelHandle.cs: Unanswered    ChannelHandle.cs: IsQueued    ChannelHandle.cs: Close
        ChannelHandle.cs: Nudges    ChannelHandle.cs: Nudge    DictIterator.cs: LengthHint
        ListIterator.cs: LengthHint    ObjectType.cs: Hash    ObjectType.cs: Class    ProcessFunctions.cs: IsMain
        SharingFunctions.cs: IsShared    SharingFunctions.cs: IsFrozen    ProcessFunctions.cs: IsAlone
        ProcessFunctions.cs: CountWorkers    PoolFunctions.cs: GetPendingLimit    PoolFunctions.cs: SetPendingLimit
        ProcessFunctions.cs: NeedMemory    PoolType.cs: Name
        PoolType.cs: MaxBytes    PoolType.cs: Default    PoolType.cs: Deleted
    """,
    "calls functions of CPython, with constant messages at most": """
        CurrentPool.cs: Enter    CurrentPool.cs: Exit    FieldType.cs: Reduce    ProcessFunctions.cs: RaiseInThread
        WorkerInterpreter.cs: RaiseKeyboardInterrupt    MapType.cs: Keys    MapType.cs: Values    MapType.cs: Items
        GuardedFunctions.cs: ForkExec    GuardedFunctions.cs: GetSignal
        GuardedFunctions.cs: CurrentFrames    GuardedFunctions.cs: CurrentExceptions    GuardedFunctions.cs: FaultEnable
        GuardedFunctions.cs: FaultDisable    GuardedFunctions.cs: FaultRegister    GuardedFunctions.cs: FaultUnregister
        GuardedFunctions.cs: FaultLater    GuardedFunctions.cs: FaultCancelLater    GuardedFunctions.cs: StartThread
        GuardedFunctions.cs: StartThreadOldName    GuardedFunctions.cs: StartJoinable
    """,
    "does that, or refuses, which catches": """
        GuardedFunctions.cs: TraceStart    GuardedFunctions.cs: TraceStop    GuardedFunctions.cs: TraceClear
        GuardedFunctions.cs: TraceGetAll    GuardedFunctions.cs: TraceGetOne    GuardedFunctions.cs: PerfActivate
        GuardedFunctions.cs: PerfDeactivate
    """,
    "is called most: what it does fast allocates nothing, and what it does slowly, and the errors of LiveErrors, catch": """
        ArrayElements.cs: Length    DictType.cs: Length    ListType.cs: Length    SetType.cs: Length
        SortedDictType.cs: Length    ArrayType.cs: Iterate    AtomicIntType.cs: ToInt    AtomicIntType.cs: ToBool
        AtomicIntType.cs: GetValue    DictIterator.cs: NextCall    ListIterator.cs: Next    FieldType.cs: Get
        ObjectType.cs: Get    ObjectType.cs: Set
    """,
    "answers NotImplemented or calls the overload with a catch": """
        MapType.cs: Compare    MapType.cs: Or    SetOperators.cs: Or    SetOperators.cs: And    SetOperators.cs: Subtract
        SetOperators.cs: Xor
    """,
    "catches around the one call that may throw": """
        ProcessFunctions.cs: EnableFaults    Module.cs: Free    RedirectedCalls.cs: OpenLibrary
    """,
    "runs in threads that are any library's: words, locks of ours and functions of C only": """
        RedirectedCalls.cs: Ensure    RedirectedCalls.cs: Release    RedirectedCalls.cs: Check
        RedirectedCalls.cs: GetThisThreadState    RedirectedCalls.cs: GetMain    RedirectedCalls.cs: GetHead
        RedirectedCalls.cs: AddPendingCall    RedirectedCalls.cs: CreateKey    RedirectedCalls.cs: DeleteKey
        RedirectedCalls.cs: CallAtFork    RedirectedCalls.cs: CreateModule
    """,
}


class Callbacks(unittest.TestCase):
    def test_each_catches_or_cannot_throw(self):
        excused = {entry for text in CANNOT_THROW.values() for entry in re.findall(r"[\w.]+: \w+", text)}
        found = {str(each) for each in callbacks.unprotected()}
        self.assertEqual(sorted(found - excused), [], "neither catch all that can be thrown, nor are excused here")
        self.assertEqual(sorted(excused - found), [], "are excused here, but catch, or are gone")

    def test_what_is_read_off_the_sources(self):
        for body, protected in (
            ("try { return A(); } catch (Exception e) { return Errors.FromManaged(e); }", True),
            ("try { return A(); } catch (Exception) { Errors.FromManaged(e); } return -1;", True),
            ("if (ForkGuard.IsForkedChild) return; try { A(); } catch { }", True),
            ("try { return A(); } catch (IOException) { return null; }", False),
            ("A(); try { return A(); } catch (Exception) { return null; }", False),
            ("try { return A(); } catch (Exception) { return null; } B();", False),
            ("try { A(); } catch (Exception) { } B(); try { A(); } catch (Exception) { }", False),
            ("try { A(); } catch (IOException) { } catch (Exception e) { if (e is null) { B(); } }", True),
            ("Frame.Call(self, &Body)", True),
            ("return Frame.Call(self, &Body) != null ? 0 : -1;", True),
            ("Frame.Call(self, &Body) + B()", False),
            ("Frame.Other(self)", False),
            ("Unknown(self)", False),
        ):
            methods = {("Frame", "Call"): ["try { } catch (Exception e) { return Errors.FromManaged(e); }"],
                       ("Frame", "Other"): ["A();"]}
            self.assertEqual(callbacks.is_protected("Type", body, methods, set()), protected, body)


if __name__ == "__main__":
    unittest.main()
