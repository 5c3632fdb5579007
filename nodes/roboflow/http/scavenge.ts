/** Bytes of a body after which V8 collects. */
const everyBytes = 4 * 1024 * 1024;
/** More than the 32 MiB of young buffers that V8 (of Node.js 20 to 24) lets stand: twice its largest semi-space. */
const ballastBytes = 34 * 1024 * 1024;

/**
 * Has V8 collect its young generation (a scavenge, some tenths of a millisecond) every few megabytes of a body.
 *
 * Node.js makes a buffer of 64 KiB for each read from a socket, and V8 lets 32 MiB of them stand before it collects.
 * A buffer larger than that makes it collect at once, and takes no memory itself, since none of its bytes is touched.
 * A clip of 1 GiB that is fetched and uploaded takes 70 to 77 MB of memory over idle without this and 40 to 54 MB with
 * it, for a tenth more processor time; Node.js 20 and 22. Nothing but memory depends on it.
 *
 * @returns to be called with the length of each chunk that comes.
 */
export function scavenger(): (bytes: number) => void {
  let bytesSince = 0;
  return (bytes) => {
    bytesSince += bytes;
    if (bytesSince < everyBytes) return;
    bytesSince = 0;
    try {
      Buffer.allocUnsafeSlow(ballastBytes);
    } catch {
      // A process that may not have as much goes on without.
    }
  };
}
