namespace Symplast.Memory;

/// <summary>Steps of remote frees that tests leave out.</summary>
internal enum RemoteStep
{
    /// <summary>A push compares.</summary>
    PushCompares,

    /// <summary>The first to push on a parked page hands it to its owner.</summary>
    ParkedPageIsHandedOver,

    /// <summary>A page is parked only if its list is empty.</summary>
    ParkingCompares,

    /// <summary>A page is taken from the full ones only if nobody is about to hand it over.</summary>
    UnparkingCompares,
}
