// Compiled into every project of src/: clearing a stackalloc of 1 KB costs more than the call that uses it.
[module: System.Runtime.CompilerServices.SkipLocalsInit]
