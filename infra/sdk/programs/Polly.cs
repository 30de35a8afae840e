// What the generated client names of Polly, which comes from NuGet. The program sets no policy.
using System;
using System.Threading.Tasks;

namespace Polly
{
    public enum OutcomeType { Successful }

    public class PolicyResult<T>
    {
        public OutcomeType Outcome;
        public T Result;
        public Exception FinalException;
    }

    public interface ISyncPolicy<T> { }

    public interface IAsyncPolicy<T>
    {
        Task<PolicyResult<T>> ExecuteAndCaptureAsync(Func<Task<T>> action);
    }
}
