using Symplast.Memory;
using Symplast.Python.Interpreting;

namespace Symplast.Python.Sessions;

/// <summary>The sessions of the process, by key from their creation, by interpreter while they are open. Thread-safe.</summary>
internal static class SessionTable
{
    static readonly WordLock Gate = WordLock.Create();
    static readonly Dictionary<long, Session> ByKey = [];
    static readonly Dictionary<long, Session> ById = [];
    static long _last;

    /// <summary>Creates a session.</summary>
    internal static Session Create(Channel channel)
    {
        using (Gate.Hold())
        {
            Session session = new(channel) { Key = ++_last };
            ByKey.Add(session.Key, session);
            return session;
        }
    }

    /// <summary>The session with a key, or null if it has ended and has no handles.</summary>
    internal static Session? Find(long key)
    {
        using (Gate.Hold()) return ByKey.GetValueOrDefault(key);
    }

    /// <summary>The session of an interpreter that has not ended, or null.</summary>
    internal static Session? Of(long id)
    {
        using (Gate.Hold()) return ById.GetValueOrDefault(id);
    }

    /// <summary>The keys of the sessions that are open or will be, and have not ended.</summary>
    internal static long[] Keys()
    {
        using (Gate.Hold()) return [.. ById.Values.Select(static session => session.Key)];
    }

    /// <summary>Makes an interpreter's session known to <see cref="Of"/>.</summary>
    internal static void Publish(Session session)
    {
        using (Gate.Hold()) ById.Add(session.Id, session);
    }

    /// <summary>Removes a session that has ended from <see cref="Of"/>.</summary>
    internal static void Withdraw(Session session)
    {
        using (Gate.Hold()) ById.Remove(session.Id);
    }

    /// <summary>Removes a session that has ended and has no handles.</summary>
    internal static void Remove(Session session)
    {
        using (Gate.Hold()) ByKey.Remove(session.Key);
    }
}
