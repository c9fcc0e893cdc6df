import { invalidParameter } from './errors-table.ts';
import type { ServiceError } from './errors-table.ts';
import { asArray, asObject } from './request.ts';
import type { JsonObject, SimulatedMessage } from './request.ts';

/** Most bytes of one encoded data URI. */
const DATA_URI_BYTES_MAX = 10_485_760;

/** Frames of a list as a video; models before Qwen2.5-VL take 80. */
const FRAMES = { least: 4, most: 512 } as const;

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

/** The audio of the OpenAI form: an address, a data URI, or bare base64. */
function refuseAudio(value: unknown): ServiceError | null {
  const data = asObject(value)?.['data'];
  return typeof data === 'string' &&
    /^[A-Za-z\d+/]/.test(data) &&
    !/^(data|file|https?|oss):/i.test(data)
    ? null
    : refuseAddress(data);
}

function refuseFrames(frames: readonly unknown[]): ServiceError | null {
  if (frames.length < FRAMES.least || frames.length > FRAMES.most) {
    return invalidParameter(
      'The video modality input does not meet the requirements because: the range of sequence images shoule be (4, 512).',
    );
  }
  return frames.map(refuseAddress).find((error) => error !== null) ?? null;
}

/** How each member of a part is read; those that hold no address are not looked at. */
const READERS: Readonly<Record<string, (value: unknown) => ServiceError | null>> = {
  image: refuseAddress,
  audio: refuseAddress,
  // On the other endpoint a file is an object, of which nothing is documented.
  file: (value) => (typeof value === 'string' ? refuseAddress(value) : null),
  image_url: (value) => refuseAddress(asObject(value)?.['url']),
  video_url: (value) => refuseAddress(asObject(value)?.['url']),
  input_audio: refuseAudio,
  video: (value) => (Array.isArray(value) ? refuseFrames(value) : refuseAddress(value)),
};

function refusePart(part: JsonObject): ServiceError | null {
  for (const [name, read] of Object.entries(READERS)) {
    const refused = part[name] === undefined ? null : read(part[name]);
    if (refused !== null) return refused;
  }
  return (
    asArray(part['doc_url'])
      .map(refuseAddress)
      .find((error) => error !== null) ?? null
  );
}

/**
 * The first medium of a message that the service would not fetch or take, or null. Nothing is
 * fetched: what an address holds is not known.
 *
 * Source: error code page (May 2026), the spelling `shoule` included.
 */
export function refuseMedia({ parts }: SimulatedMessage): ServiceError | null {
  for (const part of parts ?? []) {
    const refused = refusePart(part);
    if (refused !== null) return refused;
  }
  return null;
}
