using Symplast.CPython;
using Symplast.Python.Graph;
using Symplast.Python.Live;

namespace Symplast.Python.Freezing;

// Live objects, which are frozen as they are at one moment, each at its own.
internal unsafe ref partial struct Freezer
{
    PyObject* VisitLive(PyObject* o)
    {
        if (++_chain > Limits.ChainedReferences) return RaiseNotShareable("an AtomicRef that holds itself cannot be frozen");
        _conversions++;
        // Looking for a class runs its module.
        Callout(o);
        // The plain form of an Array has no frozen form, but a list of its numbers has.
        PyObject* plain = LiveObjects.ToBuiltIn(_interpreter.Live, o);
        if (plain == null) return null;
        _walk.Keep(plain);
        PyObject* copy = Visit(plain);
        _chain--;
        return copy;
    }
}
