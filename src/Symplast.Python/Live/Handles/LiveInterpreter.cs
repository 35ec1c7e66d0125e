namespace Symplast.Python.Live;

/// <summary>The members that live objects add to the state of an interpreter.</summary>
internal static unsafe class LiveInterpreter
{
    extension(InterpreterState interpreter)
    {
        /// <summary>The interpreter's state for live objects.</summary>
        internal LiveState* Live
        {
            get => (LiveState*)interpreter.LiveWord;
            set => interpreter.LiveWord = value;
        }
    }
}
