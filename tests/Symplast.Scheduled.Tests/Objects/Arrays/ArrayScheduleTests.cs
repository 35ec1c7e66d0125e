using Symplast.Memory;
using Xunit;
using Operations = Symplast.Objects.SharedArray;

namespace Symplast.Objects.Tests.Arrays;

public unsafe class ArrayScheduleTests
{
    // The state is one element among others, "-" once deleted; of 16-bit integers. The array is large enough to be mapped, and
    // given back at once where that can be.
    sealed class Elements : Schedules
    {
        const int Place = 80_000;

        protected override string Look => "get";

        protected override nint Make(Participant* me, string state)
        {
            SharedArray* array = Operations.Create(me, Heap, ElementKind.Int16, 'h', Place + 3);
            for (int i = Place - 1; i <= Place + 1; i++)
                Operations.Exchange(me, array, i, i == Place ? Word(state) : 0xFFFF, out _);
            return (nint)array;
        }

        protected override bool IsValid(nint structure)
        {
            SharedArray* array = (SharedArray*)structure;
            if (!Operations.IsValid(array)) return false;
            if (array->Object.Head.DeletedFlag != 0) return true;
            // Neighbours are left alone.
            short* elements = (short*)SharedBuffer.Data(array->Buffer);
            return elements[Place - 1] == -1 && elements[Place + 1] == -1;
        }

        protected override string CarryOut(Participant* me, nint structure, string[] words)
        {
            SharedArray* array = (SharedArray*)structure;
            ulong word = 0;
            switch (words[0])
            {
                case "get": return Answer(Operations.Get(me, array, Place, out word, out _), word);
                case "exchange": return Answer(Operations.Exchange(me, array, Place, Word(words[1]), out word), word);
                case "cas":
                    return Answer(
                    Operations.CompareExchange(me, array, Place, Word(words[1]), Word(words[2]), out word), word);
                case "add": return Answer(Operations.Add(me, array, Place, (Int128)int.Parse(words[1]), out word), word);
                case "read":
                    Status status = Operations.Export(me, array, out ArrayView view);
                    if (status != Status.Done) return Answer(status, 0);
                    Interleaving.Point();
                    word = Objects.Elements.At(view.Data + Place * 2, 2);
                    view.End();
                    return Answer(status, word);
                default: return Answer(Operations.Delete(me, array), 0);
            }
        }

        static ulong Word(string number) => (ushort)short.Parse(number);

        static string Answer(Status status, ulong word) =>
            status is Status.Deleted or Status.Overflow ? $"{status}" : $"{status} {(short)word}";

        protected override string Model(ref string state, string[] words)
        {
            if (state == "-") return "Deleted";
            string old = state;
            switch (words[0])
            {
                case "get" or "read": return "Done " + old;
                case "exchange":
                    state = words[1];
                    return "Done " + old;
                case "cas":
                    if (old == words[1]) state = words[2];
                    return "Done " + old;
                case "add":
                    int sum = int.Parse(old) + int.Parse(words[1]);
                    if (sum is > short.MaxValue or < short.MinValue) return "Overflow";
                    state = $"{sum}";
                    return "Done " + state;
                default:
                    state = "-";
                    return "Done 0";
            }
        }
    }

    [Theory]
    [InlineData("1", "add 1;get|add 2;get|exchange 10;get")]
    [InlineData("1", "cas 1 2;cas 2 -3|cas 1 4;get|add 1")]
    [InlineData("32767", "add 4;get|add -5;get|add -3")]
    [InlineData("1", "delete;get|exchange 2;add 1|cas 1 4;get")]
    [InlineData("7", "delete|get;get|add -7")]
    [InlineData("0", "delete|delete;add 1|exchange 2;get")]
    public void EveryScheduleIsLinearizable(string state, string programs) =>
        new Elements().Explore(state, programs, preemptions: 3);

    // What is exported lives on, so it is asked only before.
    [Theory]
    [InlineData("7", "read|add 1|read")]
    public void SoIsWhatAnExportReads(string state, string programs) => new Elements().Explore(state, programs, preemptions: 3);

    [Theory]
    [InlineData(ArrayStep.AdditionCompares, "1", "add 1|add 1")]
    [InlineData(ArrayStep.DeletionIsOneStep, "1", "delete|delete")]
    internal void AStepThatIsLeftOutIsMissed(ArrayStep step, string state, string programs) =>
        new Elements().Misses(step, state, programs);
}
