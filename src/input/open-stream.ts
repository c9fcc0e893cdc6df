import { constants, createReadStream, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { isatty, ReadStream } from 'node:tty';

/**
 * A stream of what can be read but once. FIFOs and terminals are waited for by the event loop: a read, or an open, that
 * waits in one of Node's threads keeps the process alive until it returns, whatever signals come.
 *
 * Throws what the system says where it cannot be opened.
 */
export function openStream(path: string, isFifo: boolean): Readable {
  if (isFifo) {
    // Linux alone tells that no writer has come yet from that the last one has gone: elsewhere this would end at once.
    if (process.platform !== 'linux') return createReadStream(path);
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return new Socket({ fd, readable: true, writable: false });
  }
  const fd = openSync(path, 'r');
  return isatty(fd) ? new ReadStream(fd) : createReadStream(path, { fd });
}
