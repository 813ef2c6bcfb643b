/** What is used of WebAssembly, which TypeScript declares for browsers alone. */
interface Compiler {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly Global: new () => { readonly value: unknown };
}

/**
 * Returns what a thread has one of: what `wrap` makes of the exports of a module of `wasm/`, which is base64 in the program. It is made at the
 * first call, since V8 sets gigabytes of addresses aside for the memory of each. `wrap` says which exports its module has; constants among them are plain numbers,
 * since each look at one as WebAssembly exports it is a call into V8. Undefined where Node.js has no WebAssembly (`--jitless`).
 */
export function wasmOfThread<Wrapped>(
  base64: string,
  wrap: (exports: never) => Wrapped,
): () => Wrapped | undefined {
  let wrapped: Wrapped | null | undefined;
  return () => {
    if (wrapped === undefined) {
      const exports = instantiate(base64);
      wrapped = exports === undefined ? null : wrap(exports as never);
    }
    return wrapped ?? undefined;
  };
}

function instantiate(base64: string): unknown {
  const { WebAssembly: compiler } = globalThis as { readonly WebAssembly?: Compiler };
  if (compiler === undefined) return undefined;
  const { exports } = new compiler.Instance(new compiler.Module(Buffer.from(base64, 'base64')));
  const entries = Object.entries(exports).map(([name, exported]) => {
    return [name, exported instanceof compiler.Global ? exported.value : exported];
  });
  return Object.fromEntries(entries);
}
