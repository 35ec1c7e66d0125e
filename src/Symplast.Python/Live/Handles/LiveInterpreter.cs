namespace Symplast.Python.Live;

/// <summary>What live objects add to the state of an interpreter.</summary>
internal static unsafe class LiveInterpreter
{
    extension(InterpreterState interpreter)
    {
        /// <summary>What the interpreter needs for live objects.</summary>
        internal LiveState* Live
        {
            get => (LiveState*)interpreter.LiveWord;
            set => interpreter.LiveWord = value;
        }
    }
}
