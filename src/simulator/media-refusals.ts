import { invalidParameter } from './errors-table.ts';
import type { ServiceError } from './errors-table.ts';
import { asArray, asObject } from './request.ts';
import type { JsonObject, SimulatedMessage } from './request.ts';

/** Maximum size of one encoded data URI. */
const DATA_URI_BYTES_MAX = 10_485_760;

/** Minimum number of frames in a list that forms a video. */
const FRAMES_LEAST = 4;

const ADDRESS = /^(https?|oss):\/\/\S/i;
const DATA_HEAD = /^data:[^,]{0,200};base64,/i;

function refuseAddress(value: unknown): ServiceError | null {
  const text = typeof value === 'string' ? value : '';
  if (ADDRESS.test(text)) return null;
  const head = DATA_HEAD.exec(text)?.[0];
  if (head === undefined) {
    return invalidParameter(
      'The provided URL does not appear to be valid. Ensure it is correctly formatted.',
    );
  }
  return text.length - head.length > DATA_URI_BYTES_MAX
    ? invalidParameter(`Exceeded limit on max bytes per data-uri item : ${DATA_URI_BYTES_MAX}`)
    : null;
}

/** Audio in OpenAI form: an address, a data URI, or bare base64. */
function refuseAudio(value: unknown): ServiceError | null {
  const data = asObject(value)?.['data'];
  return typeof data === 'string' &&
    /^[A-Za-z\d+/]/.test(data) &&
    !/^(data|file|https?|oss):/i.test(data)
    ? null
    : refuseAddress(data);
}

function refuseFrames(frames: readonly unknown[], most: number): ServiceError | null {
  if (frames.length < FRAMES_LEAST || frames.length > most) {
    // The page has `(4, 512)` and `(4,80)`; that for 128 is inferred from them.
    const range = most === 512 ? '(4, 512)' : `(4,${most})`;
    return invalidParameter(
      `The video modality input does not meet the requirements because: the range of sequence images shoule be ${range}.`,
    );
  }
  return frames.map(refuseAddress).find((error) => error !== null) ?? null;
}

/** The check of each member of a part; those without an address are skipped. */
const READERS: Readonly<
  Record<string, (value: unknown, framesMost: number) => ServiceError | null>
> = {
  image: refuseAddress,
  audio: refuseAddress,
  // On the other endpoint a file is an object, which is undocumented.
  file: (value) => (typeof value === 'string' ? refuseAddress(value) : null),
  image_url: (value) => refuseAddress(asObject(value)?.['url']),
  video_url: (value) => refuseAddress(asObject(value)?.['url']),
  input_audio: refuseAudio,
  video: (value, most) => (Array.isArray(value) ? refuseFrames(value, most) : refuseAddress(value)),
};

function refusePart(part: JsonObject, framesMost: number): ServiceError | null {
  for (const [name, read] of Object.entries(READERS)) {
    const refused = part[name] === undefined ? null : read(part[name], framesMost);
    if (refused !== null) return refused;
  }
  return (
    asArray(part['doc_url'])
      .map(refuseAddress)
      .find((error) => error !== null) ?? null
  );
}

/**
 * The first medium of a message that the service would not fetch or accept, or null; a list of frames may have as many as
 * the model accepts. Nothing is fetched: contents of addresses are unknown.
 *
 * Source: error code page (May 2026), including the spelling `shoule`.
 */
export function refuseMedia({ parts }: SimulatedMessage, framesMost: number): ServiceError | null {
  for (const part of parts ?? []) {
    const refused = refusePart(part, framesMost);
    if (refused !== null) return refused;
  }
  return null;
}
