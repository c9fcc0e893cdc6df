import { constants, createReadStream, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { isatty, ReadStream } from 'node:tty';

/**
 * Opens a stream that can be read only once. FIFOs and terminals are polled by the event loop: a blocking read or open in
 * one of Node's threads would keep the process alive until it returns, whatever signals come.
 *
 * Throws the system's error if it cannot be opened.
 */
export function openStream(path: string, isFifo: boolean): Readable {
  if (isFifo) {
    // Only Linux distinguishes "no writer yet" from "the last writer has gone": elsewhere this would end at once.
    if (process.platform !== 'linux') return createReadStream(path);
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return new Socket({ fd, readable: true, writable: false });
  }
  const fd = openSync(path, 'r');
  return isatty(fd) ? new ReadStream(fd) : createReadStream(path, { fd });
}
