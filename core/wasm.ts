/** What is used of WebAssembly, which TypeScript declares for browsers alone. */
interface Compiler {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

/**
 * A module of `wasm/`, which is base64 in the program, with memory of its own: V8 sets gigabytes of addresses aside for each, so that a thread
 * should have one of a kind. Undefined where Node.js has no WebAssembly (`--jitless`).
 */
export function instantiateWasm(base64: string): unknown {
  const { WebAssembly: compiler } = globalThis as { readonly WebAssembly?: Compiler };
  if (compiler === undefined) return undefined;
  return new compiler.Instance(new compiler.Module(Buffer.from(base64, 'base64'))).exports;
}
