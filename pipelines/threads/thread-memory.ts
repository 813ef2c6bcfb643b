/**
 * What V8 may use for young objects on a thread, in MB: three times its semi-space. By itself it takes 48 MB, of which some 20 add to the peak of
 * each thread (measured), in the same time: staging keeps next to nothing.
 */
export const YOUNG_GENERATION_MB = 4;
