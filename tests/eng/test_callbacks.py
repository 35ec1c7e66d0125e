"""
No exception of C# gets into C: each method that C calls as it stands in the sources catches all, or does only what cannot throw.
That the entry of a [Callback] catches is a test of C# (SectionTests).
"""

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
        LockOwnership.cs: Ended    LoopWaiters.cs: Dispose
    """,
    "is called most: what it does fast allocates nothing, and what it does slowly, and the errors of LiveErrors, catch": """
        ArrayElements.cs: Length    DictType.cs: Length    ListType.cs: Length    SetType.cs: Length
        SortedDictType.cs: Length    AtomicIntType.cs: ToInt    AtomicIntType.cs: ToBool    AtomicIntType.cs: GetValue
        DictIterator.cs: NextCall    ListIterator.cs: Next    FieldType.cs: Get    ObjectType.cs: Get
        ObjectType.cs: Set    ObjectType.cs: Hash    AtomicIntOperators.cs: Hash
    """,
    "catches around the one call that may throw": """
        Module.cs: Free    RedirectedCalls.cs: OpenLibrary
    """,
    "runs in threads that are any library's, or as a pending call: words, locks of ours and functions of C only": """
        RedirectedCalls.cs: Ensure    RedirectedCalls.cs: Release    RedirectedCalls.cs: Check
        RedirectedCalls.cs: GetThisThreadState    RedirectedCalls.cs: GetMain    RedirectedCalls.cs: GetHead
        RedirectedCalls.cs: AddPendingCall    RedirectedCalls.cs: CreateKey    RedirectedCalls.cs: DeleteKey
        RedirectedCalls.cs: CallAtFork    Interrupts.cs: Run
    """,
}


class Callbacks(unittest.TestCase):
    def test_each_catches_or_cannot_throw(self):
        excused = {entry for text in CANNOT_THROW.values() for entry in re.findall(r"[\w.]+: \w+", text)}
        found = {str(each) for each in callbacks.written_by_hand() if not callbacks.catches(each.body)}
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
            ("A();", False),
        ):
            self.assertEqual(callbacks.catches(body), protected, body)


if __name__ == "__main__":
    unittest.main()
