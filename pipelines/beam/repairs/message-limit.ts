import { createRequire } from 'node:module';

/**
 * The longest gRPC message that is received, in bytes. Runners send bundles and their descriptors in one message each; those of 20,000
 * units have 10 MB. The other SDKs have no limit; one keeps a defect of a runner from taking all memory.
 */
export const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

interface GrpcConstants {
  DEFAULT_MAX_RECEIVE_MESSAGE_LENGTH: number;
}

/**
 * The SDK opens its clients with no options (`worker/worker.js:129`, `worker/data.js:128`), so gRPC's default of 4 MiB for what is
 * received stands: a longer message breaks the stream, and the job fails or hangs. grpc-js reads its default with each call
 * (`build/src/subchannel-call.js:97`), and is where it can be raised.
 */
export function repairMessageLimit(): void {
  grpcConstants().DEFAULT_MAX_RECEIVE_MESSAGE_LENGTH = MAX_MESSAGE_BYTES;
}

/** Of the copy of grpc-js that the SDK uses; as `require` gives it, since an imported module cannot be written to. */
export function grpcConstants(): GrpcConstants {
  const ofSdk = createRequire(createRequire(__filename).resolve('apache-beam'));
  return ofSdk('@grpc/grpc-js/build/src/constants') as GrpcConstants;
}
