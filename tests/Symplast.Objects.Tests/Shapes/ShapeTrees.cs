using Heap = Symplast.Memory.Heap;
using Participant = Symplast.Memory.Participant;

namespace Symplast.Objects.Tests;

/// <summary>Trees of shapes, which live as long as their pool, and which tests free to see that nothing else is left.</summary>
internal static unsafe class ShapeTrees
{
    /// <summary>
    /// Frees a whole tree. No record may have one of its shapes any more, and nobody may make one. Inside a section.
    /// </summary>
    internal static void Free(Participant* me, Shape* root)
    {
        Shape* shape = root;
        while (shape != null)
        {
            Shape* child = shape->FirstChild;
            if (child != null)
            {
                shape->FirstChild = child->NextSibling;
                shape = child;
                continue;
            }
            Shape* parent = shape->Parent;
            if (shape->Count != 0) Reference.Drop(me, Shape.Names(shape)[shape->Count - 1]);
            Heap.Retire(me, shape);
            shape = parent;
        }
    }
}
