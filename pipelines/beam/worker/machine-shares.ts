/** What a worker process may use of its machine. */
export interface MachineShare {
  /** Threads that run units. */
  readonly threads: number;
  /** The heap of the main thread, which talks to the runner, in MiB. */
  readonly mainHeapMb: number;
  /** The heap of each thread, in MiB. */
  readonly threadHeapMb: number;
}

const MIB = 1024 * 1024;

/** How much of the memory is for heaps; the rest is for buffers outside of them, for the code, and for the system. */
const HEAP_PART = 0.75;

/**
 * The main thread's part of a process' heaps. It has the work units of its bundles and, for the commit, the manifests of all: 20,000 of
 * them are about 100 MB.
 */
const MAIN_PART = 0.25;

/** Below that, Node.js does not get through its start with the Beam SDK; in MiB. */
const LEAST_HEAP_MB = 128;

/** Divides a machine, or what a container may use of it, among worker processes. */
export function machineShare(
  machine: { readonly memoryBytes: number; readonly cores: number },
  processes: number,
): MachineShare {
  const threads = Math.max(1, Math.floor(machine.cores / processes));
  const heapMb = ((machine.memoryBytes / MIB) * HEAP_PART) / processes;
  const atLeast = (megabytes: number): number => Math.max(LEAST_HEAP_MB, Math.floor(megabytes));
  return {
    threads,
    mainHeapMb: atLeast(heapMb * MAIN_PART),
    threadHeapMb: atLeast((heapMb * (1 - MAIN_PART)) / threads),
  };
}

/** The memory that this process may use, in bytes: of the machine, or less where its container has a bound (`process.constrainedMemory`). */
export function usableMemory(totalBytes: number, constrainedBytes: number): number {
  // Without a bound Node.js says 0, or a number beyond any memory.
  return constrainedBytes > 0 ? Math.min(totalBytes, constrainedBytes) : totalBytes;
}
