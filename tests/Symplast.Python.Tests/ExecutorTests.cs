using Symplast.Python.Tests.Hosting;
using Xunit;

namespace Symplast.Python.Tests;

public class ExecutorTests
{
    [Fact]
    public void WorkersAnswerInOrderAndReadFrozenArgumentsInPlace() => Hosted.Run("""
        import operator
        squares = freeze({i: i * i for i in range(100)})
        with symplast.InterpreterPoolExecutor(2) as executor:
            check.assertEqual(list(executor.map(operator.getitem, [squares] * 100, range(100))), [i * i for i in range(100)])
            check.assertEqual(executor.submit(operator.getitem, {"nested": squares}, "nested").result() is squares, True)
        """);

    [Fact]
    public void AnExceptionOfATaskArrivesAsItself() => Hosted.Run("""
        import operator
        with symplast.InterpreterPoolExecutor(1) as executor:
            with raises(ZeroDivisionError): executor.submit(operator.truediv, 1, 0).result()
            check.assertEqual(executor.submit(len, "abc").result(), 3)
        """);

    [Fact]
    public void QueuedTasksCanBeCancelled() => Hosted.Run("""
        import time
        executor = symplast.InterpreterPoolExecutor(1)
        futures = [executor.submit(time.sleep, 0.01) for _ in range(50)]
        executor.shutdown(wait=True, cancel_futures=True)
        assert futures[-1].cancelled() and all(future.done() for future in futures)
        """);
}
