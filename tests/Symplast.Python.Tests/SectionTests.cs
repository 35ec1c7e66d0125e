using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Live;
using Symplast.Python.Tests.Hosting;
using Xunit;

namespace Symplast.Python.Tests;

public unsafe partial class SectionTests
{
    [Fact]
    public void AnExceptionThatBecomesPythonsLeavesNoSectionOpen() => Hosted.Do(() =>
    {
        PyObject* live = Hosted.Evaluate("symplast.Dict()");
        Participant* me = ((Handle*)live)->State->Me;
        delegate* unmanaged[Cdecl]<PyObject*, PyObject*> entry = &FailInside;
        PyObject* given = entry(live);
        bool isRaised = Api.Table.PyErr_Occurred() == *Api.Table.PyExc_SystemError;
        Api.Table.PyErr_Clear();
        References.Drop(live);
        Assert.True(given == null);
        Assert.True(isRaised);
        Assert.False(Epoch.IsInside(me));
    });

    [Callback]
    private static partial PyObject* FailInside(Handle* handle)
    {
        Section section = Section.Enter(handle->State->Me);
        if (handle->Shared != null) throw new InvalidOperationException("inside a section");
        section.Exit(handle->State->Me);
        return null;
    }
}
