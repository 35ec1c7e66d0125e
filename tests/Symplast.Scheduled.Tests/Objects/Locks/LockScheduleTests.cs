using Symplast.Memory;
using Xunit;

namespace Symplast.Objects.Tests.Locks;

public unsafe class LockScheduleTests
{
    // The state is the letter of the owner and, of a reentrant lock, its depth; empty if the lock is free, "-" once deleted. A
    // small letter is an owner that has ended.
    sealed class Locks(bool isReentrant) : Schedules
    {
        readonly nint[] _owners = new nint[3];

        protected override string Look => "look A";

        LockOwner* OwnerOf(string letter) => (LockOwner*)_owners[letter[0] - 'A'];

        protected override nint Make(Participant* me, string state)
        {
            for (int i = 0; i < _owners.Length; i++)
            {
                if (_owners[i] == 0 || LockOwners.NumberOf((LockOwner*)_owners[i]) == 0)
                    _owners[i] = (nint)LockOwners.Begin(1, isReentrant ? 1UL + (ulong)i : 0);
            }
            SharedLock* made = SharedLock.Create(me, Heap, isReentrant);
            if (state != "") SharedLock.TryEnter(me, made, OwnerOf(state));
            return (nint)made;
        }

        protected override bool IsValid(nint structure) => SharedLock.IsValid((SharedLock*)structure);

        protected override string CarryOut(Participant* me, nint structure, string[] words)
        {
            SharedLock* shared = (SharedLock*)structure;
            LockOwner* owner = OwnerOf(words[1]);
            switch (words[0])
            {
                case "try": return $"{SharedLock.TryEnter(me, shared, owner)}";
                case "await": return $"{Await(me, shared, owner, isImpatient: false)}";
                case "visit":
                    Status taken = Await(me, shared, owner, isImpatient: true);
                    if (taken == Status.Done) SharedLock.Exit(me, shared, owner);
                    return $"{taken}";
                case "free": return $"{SharedLock.Exit(me, shared, owner)}";
                case "end":
                    LockOwners.End(owner);
                    return "Done";
                case "delete": return $"{SharedLock.Delete(me, shared)}";
                default:
                    Status status = SharedLock.Look(me, shared, out LockOwner* holder, out _);
                    return $"{status}{(holder == null ? "" : (char)('A' + Array.IndexOf(_owners, (nint)holder)))}";
            }
        }

        Status Await(Participant* me, SharedLock* shared, LockOwner* owner, bool isImpatient) => Parked.Until(
            waits => SharedLock.Enter(me, shared, owner, waits), SharedLock.Event(shared), Heap, isImpatient);

        protected override string Model(ref string state, string[] words)
        {
            if (state == "-") return "Deleted";
            switch (words[0])
            {
                case "visit" when state == "": return "Done";
                case "try" or "await" or "visit":
                    if (isReentrant && state.StartsWith(words[1], StringComparison.Ordinal)) state += words[1];
                    else if (state == "") state = words[1];
                    else if (words[0] == "try") return "Missing";
                    else if (char.IsAsciiLetterUpper(state[0])) return "TimedOut";
                    else
                    {
                        state = "";
                        return "Abandoned";
                    }
                    return "Done";
                case "free":
                    if (state == "" || isReentrant && state[0] != words[1][0]) return "Missing";
                    state = state[1..];
                    return "Done";
                case "end":
                    state = state.Replace(words[1], words[1].ToLowerInvariant(), StringComparison.Ordinal);
                    return "Done";
                case "delete":
                    state = "-";
                    return "Done";
                default: return "Done" + (state == "" || char.IsAsciiLetterLower(state[0]) ? "" : state[0]);
            }
        }
    }

    [Theory]
    [InlineData(false, "", "try A;free A|try B;free B|try C")]
    [InlineData(false, "A", "free A|await B;free B|await C;free C")]
    [InlineData(false, "A", "free A;await A;free A|await B;free B")]
    [InlineData(false, "A", "free A|await B;free B|visit C")]
    [InlineData(false, "A", "free A;visit A|await B;free B")]
    [InlineData(false, "A", "end A|await B;await B;free B")]
    [InlineData(false, "A", "end A|await B|await C;free C")]
    [InlineData(false, "A", "end A|await B|look C;try C")]
    [InlineData(false, "A", "delete A|await B|await C")]
    [InlineData(true, "", "try A;try A;free A;free A|await B;free B")]
    [InlineData(true, "A", "await A;free A;free A|await B;free B;free B")]
    [InlineData(true, "A", "free A|free B;await B|look C")]
    [InlineData(true, "A", "end A|await B|await C;free C")]
    public void EveryScheduleIsLinearizable(bool isReentrant, string state, string programs) =>
        new Locks(isReentrant).Explore(state, programs);

    [Theory]
    [InlineData(LockStep.TakingCompares, "", "try A|try B")]
    [InlineData(LockStep.FreeingIsOneStep, "A", "free A|await B")]
    [InlineData(LockStep.OthersMayWait, "A", "free A|await B;free B|await C;free C")]
    [InlineData(LockStep.FreeingWakes, "A", "free A|await B")]
    [InlineData(LockStep.TakingOverCompares, "A", "end A|await B|await C")]
    [InlineData(LockStep.EndsAlert, "A", "end A|await B")]
    internal void AStepThatIsLeftOutIsMissed(LockStep step, string state, string programs) =>
        new Locks(isReentrant: false).Misses(step, state, programs);
}
