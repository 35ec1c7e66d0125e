using Symplast.CPython;
using Symplast.Memory;
using Symplast.Python.Interpreting;
using Symplast.Python.Live;
using static Symplast.Python.Definitions;

namespace Symplast.Python.Sessions;

/// <summary>The module's functions behind <c>symplast.Interpreter</c>.</summary>
internal static unsafe partial class SessionFunctions
{
    internal static ReadOnlySpan<PyMethodDef> Methods() => new PyMethodDef[]
    {
        OneArg("_session_new"u8, &New,
            "Make the only worker of a channel a session. Return its key, which counts as a handle."u8),
        OneArg("_session_await"u8, &Await,
            "Wait until a session is open, and return its interpreter's number; or the reason as text if it failed."u8),
        OneArg("_session_find"u8, &Find,
            "Count another handle of an interpreter's session and return its key, or None if there is no open session."u8),
        OneArg("_session_release"u8, &Release, "Drop a handle. The last one closes the session."u8),
        FastCall("_session_request"u8, &Request,
            "Send a key, data and a parcel. Return (kind, data, parcel); the reason as text if the interpreter has ended; "u8
            + "False if it runs another request; None if it is closed."u8),
        OneArg("_session_close"u8, &Close,
            "Close an idle session and wait for its interpreter's end. True; False if it is busy, None if it is closed."u8),
        OneArg("_session_is_running"u8, &IsRunning, "Return whether a session serves a request, or None if it is closed."u8),
        OneArg("_session_interrupt"u8, &Interrupt,
            "Make the code of a session's request raise KeyboardInterrupt, once. Return whether there is a request."u8),
        NoArgs("_session_keys"u8, &Keys, "Return the keys of all sessions of the process that have not ended."u8),
        OneArg("_session_give_up"u8, &GiveUp, "At the end of the program: give up a session that serves a request."u8),
        OneArg("_session_await_end"u8, &AwaitEnd,
            "Wait until a session's interpreter has ended, and return True; return False if it was given up."u8),
        FastCall("_session_end"u8, &End, "End a session, whose interpreter has ended for a reason."u8),
        NoArgs("_session_open"u8, &Open, "In a session's interpreter: be ready for requests."u8),
        NoArgs("_session_take"u8, &Take,
            "In a session's interpreter: return the next request's data, or None if it is closed."u8),
        FastCall("_session_answer"u8, &Answer, "In a session's interpreter: answer the request that was taken."u8),
        NoArgs("_session_leave"u8, &Leave, "In a session's interpreter: serve no more requests."u8),
        NoArgs("_interpreter_id"u8, &CurrentId, "Return the number of the calling interpreter."u8),
        NoArgs("_interpreter_ids"u8, &Ids,
            "Return the numbers of the interpreters that live and have imported symplast, in rising order."u8),
        OneArg("_interpreter_exists"u8, &Exists,
            "Return whether an interpreter with this number lives and, unless it is the caller's own, is not being closed."u8),
    };

    [Callback]
    private static partial PyObject* New(InterpreterState interpreter, PyObject* channel)
    {
        if (!ThisProcess.Check()) return null;
        if (channel->Type != interpreter.ChannelType) return Errors.Type("_session_new() takes a Channel");
        Channel served = ChannelHandle.ChannelOf(channel);
        Session session = SessionTable.Create(served);
        served.Resident = session;
        return Api.Table.PyLong_FromLongLong(session.Key);
    }

    [Callback]
    private static partial PyObject* Await(InterpreterState interpreter, PyObject* key)
    {
        if (!TryFind(key, out Session? session)) return null;
        if (session is null) return Text.ToPython("the interpreter has ended");
        if (!session.AwaitOpen(interpreter)) return null;
        return session.HasEnded ? Text.ToPython(session.Reason) : Api.Table.PyLong_FromLongLong(session.Id);
    }

    [Callback]
    private static partial PyObject* Find(PyObject* module, PyObject* id)
    {
        if (!ThisProcess.Check() || !Number(id, out long number)) return null;
        Session? session = SessionTable.Of(number);
        return session is not null && session.TryHold()
            ? Api.Table.PyLong_FromLongLong(session.Key) : Api.Table._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* Release(PyObject* module, PyObject* key)
    {
        // A forked child may collect handles; a thread that no longer exists may then hold the lock.
        if (ForkGuard.IsForkedChild) return Api.Table._Py_NoneStruct;
        if (!TryFind(key, out Session? session)) return null;
        session?.Release();
        return Api.Table._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* Request(InterpreterState interpreter, PyObject** arguments, nint count)
    {
        if (count != 3 || arguments[1]->Type != Api.Table.PyBytes_Type)
            return Errors.Type("_session_request() takes a key, bytes and a parcel");
        if (!TryFind(arguments[0], out Session? session)) return null;
        if (session is null) return Api.Table._Py_NoneStruct;
        Message* request = MessageOf(0, arguments[1], arguments[2]);
        if (request == null) return null;
        switch (session.Request(request, interpreter, out Message* answer))
        {
            case Session.Outcome.Done: return Unpack(answer);
            case Session.Outcome.Busy: return Api.Table._Py_FalseStruct;
            case Session.Outcome.Gone: return Api.Table._Py_NoneStruct;
            case Session.Outcome.Lost: return Text.ToPython(session.Reason);
            default: return null;
        }
    }

    // Copies the data and takes over the parcel. Returns null with an exception set.
    static Message* MessageOf(long kind, PyObject* data, PyObject* parcel)
    {
        if (!ParcelHandle.Read(parcel, out long number)) return null;
        Message* message = Message.Create(
            null, (AnswerKind)kind, (byte*)data + PyBytesObject.DataOffset, ((PyBytesObject*)data)->Size, number);
        ParcelHandle.Release(parcel);
        return message;
    }

    // Frees the answer. The live objects that its data name stay alive as long as the parcel that is returned with the data.
    static PyObject* Unpack(Message* answer)
    {
        ref Api api = ref Api.Table;
        long number = answer->Parcel;
        answer->Parcel = 0;
        PyObject* parcel = ParcelHandle.New(number);
        PyObject* kind = api.PyLong_FromLongLong((long)answer->Kind);
        PyObject* data = api.PyBytes_FromStringAndSize(Message.Data(answer), answer->Length);
        Message.Free(answer);
        PyObject* result = parcel == null || kind == null || data == null ? null : api.PyTuple_New(3);
        if (result == null)
        {
            References.Drop(parcel);
            References.Drop(kind);
            References.Drop(data);
            return null;
        }
        api.PyTuple_SetItem(result, 0, kind);
        api.PyTuple_SetItem(result, 1, data);
        api.PyTuple_SetItem(result, 2, parcel);
        return result;
    }

    [Callback]
    private static partial PyObject* Close(InterpreterState interpreter, PyObject* key)
    {
        if (!TryFind(key, out Session? session)) return null;
        if (session is null) return Api.Table._Py_NoneStruct;
        return session.CloseAndWait(interpreter) switch
        {
            Session.Outcome.Done => (nint)Api.Table._Py_TrueStruct,
            Session.Outcome.Busy => (nint)Api.Table._Py_FalseStruct,
            Session.Outcome.Gone => (nint)Api.Table._Py_NoneStruct,
            _ => 0,
        } is nint result ? (PyObject*)result : null;
    }

    [Callback]
    private static partial PyObject* IsRunning(PyObject* module, PyObject* key)
    {
        if (!TryFind(key, out Session? session)) return null;
        if (session is null || !session.IsOpen) return Api.Table._Py_NoneStruct;
        return session.IsRunning ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    [Callback]
    private static partial PyObject* Interrupt(PyObject* module, PyObject* key)
    {
        if (!TryFind(key, out Session? session)) return null;
        return session is not null && session.TryInterrupt() ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    [Callback]
    private static partial PyObject* Keys(PyObject* module, PyObject* none) =>
        ThisProcess.Check() ? ListOf(SessionTable.Keys()) : null;

    [Callback]
    private static partial PyObject* AwaitEnd(InterpreterState interpreter, PyObject* key)
    {
        if (!TryFind(key, out Session? session)) return null;
        if (session is null) return Api.Table._Py_TrueStruct;
        if (!session.AwaitEnd(interpreter)) return null;
        return session.HasEnded ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    [Callback]
    private static partial PyObject* GiveUp(PyObject* module, PyObject* key)
    {
        if (!TryFind(key, out Session? session)) return null;
        return session is not null && session.TryGiveUp() ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    [Callback]
    private static partial PyObject* End(PyObject* module, PyObject** arguments, nint count)
    {
        if (count != 2 || arguments[1]->Type != Api.Table.PyUnicode_Type)
            return Errors.Type("_session_end() takes a key and a text");
        if (!TryFind(arguments[0], out Session? session)) return null;
        session?.End(Text.FromPython(arguments[1]));
        return Api.Table._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* Open(PyObject* module, PyObject* none)
    {
        Session? session = Current();
        if (session is null) return null;
        session.Open();
        return Api.Table._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* Take(PyObject* module, PyObject* none)
    {
        Session? session = Current();
        if (session is null) return null;
        Message* request = session.Take();
        if (request == null) return Api.Table._Py_NoneStruct;
        return Api.Table.PyBytes_FromStringAndSize(Message.Data(request), request->Length);
    }

    [Callback]
    private static partial PyObject* Answer(PyObject* module, PyObject** arguments, nint count)
    {
        Session? session = Current();
        if (session is null) return null;
        if (count != 3 || arguments[1]->Type != Api.Table.PyBytes_Type || !Number(arguments[0], out long kind))
            return Errors.Type("_session_answer() takes an int, bytes and a parcel");
        Message* answer = MessageOf(kind, arguments[1], arguments[2]);
        if (answer == null) return null;
        if (session.TryAnswer(answer)) return Api.Table._Py_NoneStruct;
        Message.Free(answer);
        return Errors.Runtime("there is no request to answer");
    }

    [Callback]
    private static partial PyObject* Leave(PyObject* module, PyObject* none)
    {
        Session? session = Current();
        if (session is null) return null;
        session.Leave();
        return Api.Table._Py_NoneStruct;
    }

    [Callback]
    private static partial PyObject* CurrentId(PyObject* module, PyObject* none) =>
        Api.Table.PyLong_FromLongLong(Interpreters.CurrentId());

    [Callback]
    private static partial PyObject* Ids(PyObject* module, PyObject* none)
    {
        if (!ThisProcess.Check()) return null;
        return ListOf([.. Interpreters.Living().Where(static id => SessionTable.Of(id) is not { IsOpen: false })]);
    }

    static PyObject* ListOf(long[] numbers)
    {
        PyObject* list = Api.Table.PyList_New(0);
        foreach (long each in list == null ? [] : numbers)
        {
            PyObject* number = Api.Table.PyLong_FromLongLong(each);
            int failed = number == null ? -1 : Api.Table.PyList_Append(list, number);
            References.Drop(number);
            if (failed == 0) continue;
            References.Drop(list);
            return null;
        }
        return list;
    }

    [Callback]
    private static partial PyObject* Exists(PyObject* module, PyObject* id)
    {
        if (!Number(id, out long number)) return null;
        bool isClosed = number != Interpreters.CurrentId() && SessionTable.Of(number) is { IsOpen: false };
        return !isClosed && Interpreters.Exists(number) ? Api.Table._Py_TrueStruct : Api.Table._Py_FalseStruct;
    }

    // The session whose thread this is; null with an exception set if it is not one.
    static Session? Current()
    {
        if (WorkerInterpreter.Current?.Channel.Resident is Session session) return session;
        Errors.Runtime("this thread does not serve a session");
        return null;
    }

    // Returns false with an exception set. The session is null if it has ended.
    static bool TryFind(PyObject* key, out Session? session)
    {
        session = null;
        if (!ThisProcess.Check() || !Number(key, out long number)) return false;
        session = SessionTable.Find(number);
        return true;
    }

    static bool Number(PyObject* o, out long value)
    {
        value = Api.Table.PyLong_AsLongLong(o);
        return value != -1 || Api.Table.PyErr_Occurred() == null;
    }
}
