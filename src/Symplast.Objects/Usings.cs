// The hook of the deterministic scheduler is the memory floor's, because its protocols have it too.
global using Symplast.Memory;
