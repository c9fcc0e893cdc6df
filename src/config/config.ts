import { KEY_PLACES } from './api-key.ts';
import { findProjectFile, findUserFile, readConfigFile } from './config-files.ts';
import { resolveEndpoints } from './endpoints.ts';
import { ConfigError, UsageError } from '../errors.ts';
import type { QbatchError } from '../errors.ts';
import { environmentName, RUN_FLAGS } from './flags.ts';
import type { RunFlagSpec } from './flags.ts';
import type { GivenFlags } from '../command-line/parsed-command.ts';
import { redactKeyLike } from '../redact.ts';
import { SETTING_FIELDS, settingsSchema } from './settings-schema.ts';
import type { Origin, ResolvedSettings, Settings } from '../settings.ts';
import { closestName } from '../suggest.ts';

/** Where settings come from. `flags` by long name, as from `parseArgs`. */
export type SettingSources = {
  readonly flags: GivenFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Null: the user has none. */
  readonly home: string | null;
};

/** One given value: raw, with its origin, and the name of its place for messages. */
type Given = {
  readonly flag: RunFlagSpec;
  readonly value: unknown;
  readonly origin: Origin;
  readonly shown: string;
};

/** All values of one source; earlier layers win. */
type Layer = { readonly kind: 'flags' | 'other'; readonly values: readonly Given[] };

/** The vendor's own names (its Python SDK, 2025) by flag; QBATCH_ names take precedence. */
const VENDOR_NAMES: Readonly<Record<string, string>> = {
  'base-url': 'DASHSCOPE_HTTP_BASE_URL',
  'compatible-base-url': 'DASHSCOPE_COMPATIBLE_BASE_URL',
};

const SHOWN_CHARACTERS_MAX = 80;

/** An invalid setting in the environment or a file: 78. */
export class SettingError extends ConfigError {
  /** The same without the given value, which may be a prompt or a secret. */
  readonly withoutValue: string;

  constructor(message: string, withoutValue: string) {
    super(message);
    this.withoutValue = withoutValue;
  }
}

/**
 * Merges flags over environment (`QBATCH_<NAME>`, and the vendor's base URLs) over the project file over the user file over
 * defaults, and validates everything, including overridden values. Lists and maps (`--set`, `--rpm`) replace each other as
 * a whole.
 *
 * The highest source that names an endpoint (region or a base URL) decides where calls go: base URLs of lower sources are
 * dropped, so that the key never goes to two services by accident.
 *
 * Throws UsageError (64) for flags that do not parse, ConfigError (78) for the other sources, for unknown keys in them, and
 * for unusable endpoints. Reads the two configuration files; touches nothing else.
 */
export function resolveSettings(sources: SettingSources): ResolvedSettings {
  const projectFile = findProjectFile(sources.cwd);
  const userFile = findUserFile(sources.env, sources.home);
  const layers: readonly Layer[] = [
    { kind: 'flags', values: fromFlags(sources.flags) },
    { kind: 'other', values: fromEnvironment(sources.env) },
    { kind: 'other', values: projectFile === undefined ? [] : fromFile(projectFile) },
    {
      kind: 'other',
      values: userFile === undefined || userFile === projectFile ? [] : fromFile(userFile),
    },
  ];
  for (const layer of layers) checkLayer(layer);
  const chosen = merge(layers);
  const raw: Record<string, unknown> = {};
  const origins = new Map<keyof Settings, Origin>();
  for (const flag of RUN_FLAGS) {
    const given = chosen.get(flag.setting);
    raw[flag.setting] = given === undefined ? flag.default : given.value;
    origins.set(flag.setting, given?.origin ?? 'default');
  }
  const settings = settingsSchema.parse(raw);
  checkTogether(settings, chosen);
  return { settings, origins, projectFile };
}

function fromFlags(flags: GivenFlags): readonly Given[] {
  return RUN_FLAGS.flatMap((flag) => {
    const value = flags[flag.name];
    if (value === undefined) return [];
    // A bare `--simulate` is the empty text, which means the simulator's defaults.
    const bare = flag.type === 'optional' && value === '';
    return [{ flag, value: bare ? true : value, origin: 'flag', shown: `--${flag.name}` }];
  });
}

function fromEnvironment(env: SettingSources['env']): readonly Given[] {
  const flagByName = new Map(RUN_FLAGS.map((flag) => [environmentName(flag.name), flag]));
  const unknown = Object.keys(env).find(
    (name) => name.startsWith('QBATCH_') && env[name] !== undefined && !flagByName.has(name),
  );
  if (unknown !== undefined) throw unknownVariable(unknown, [...flagByName.keys()]);
  return RUN_FLAGS.flatMap((flag) => {
    const own = environmentName(flag.name);
    const vendor = VENDOR_NAMES[flag.name];
    if (env[own] !== undefined) return [{ flag, value: env[own], origin: own, shown: own }];
    // An empty vendor variable is unset, as in its SDK; an empty one of ours is reported as a mistake.
    if (vendor === undefined || (env[vendor] ?? '') === '') return [];
    return [{ flag, value: env[vendor], origin: vendor, shown: vendor }];
  });
}

function unknownVariable(name: string, known: readonly string[]): ConfigError {
  if (/API_?KEY/.test(name)) {
    return new ConfigError(`the API key is not read from ${name}`, KEY_PLACES);
  }
  const near = closestName(name, known);
  const hint =
    near === undefined ? 'unset it; the names are those of the flags' : `did you mean ${near}?`;
  return new ConfigError(`unknown environment variable ${name}`, hint);
}

function fromFile(file: string): readonly Given[] {
  return readConfigFile(file).map(({ flag, value, key }) => ({
    flag,
    value,
    origin: file,
    shown: `${file}: ${key}`,
  }));
}

function checkLayer({ kind, values }: Layer): void {
  for (const { flag, value, shown } of values) {
    const result = SETTING_FIELDS[flag.setting].safeParse(value);
    if (result.success) continue;
    const allowed = result.error.issues[0]?.message ?? 'allowed';
    const message = `${shown}: ${quote(flag, value)} is not ${allowed}`;
    if (kind === 'flags') throw new UsageError(message);
    throw new SettingError(message, `${shown}: what it has is not ${allowed}`);
  }
}

/** The value as text for a message: short, without control characters, keys and URL passwords. */
function quote(flag: RunFlagSpec, value: unknown): string {
  // A repeatable flag given once is shown as one value.
  const one: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  const text = JSON.stringify(one) ?? String(one);
  if (flag.name.endsWith('base-url') && text.includes('@')) return 'the URL given';
  const clean = redactKeyLike(text);
  return clean.length <= SHOWN_CHARACTERS_MAX
    ? clean
    : `${clean.slice(0, SHOWN_CHARACTERS_MAX)}...`;
}

const BASE_URLS: ReadonlySet<string> = new Set(['base-url', 'compatible-base-url']);

function merge(layers: readonly Layer[]): ReadonlyMap<keyof Settings, Given> {
  const chosen = new Map<keyof Settings, Given>();
  let endpointNamed = false;
  for (const { values } of layers) {
    for (const given of values) {
      const outranked = endpointNamed && BASE_URLS.has(given.flag.name);
      if (!outranked && !chosen.has(given.flag.setting)) chosen.set(given.flag.setting, given);
    }
    endpointNamed ||= values.some(({ flag }) => flag.name === 'region' || BASE_URLS.has(flag.name));
  }
  return chosen;
}

type Chosen = ReadonlyMap<keyof Settings, Given>;

function checkTogether(settings: Settings, chosen: Chosen): void {
  refuseFiles(settings, chosen);
  // The simulator runs on loopback, whatever the endpoint settings.
  if (settings.simulate === undefined) resolveEndpoints(settings);
}

const FILES = ['output', 'errors', 'ledger'] as const;

/** Refuses file names that cannot be written, naming the setting's place. */
function refuseFiles(settings: Settings, chosen: Chosen): void {
  if (settings.errors === '-')
    throw refusedAt(
      [chosen.get('errors')],
      'cannot be -: stdout is for the results',
      'name a file',
    );
  if (settings.ledger === '-')
    throw refusedAt([chosen.get('ledger')], 'cannot be -: it is a database', 'name a file');
  const named = FILES.filter((setting) => settings[setting] !== undefined);
  const twice = named.find((one) =>
    named.some((other) => one !== other && settings[one] === settings[other]),
  );
  if (twice === undefined) return;
  const places = named.filter((setting) => settings[setting] === settings[twice]);
  throw refusedAt(
    places.map((setting) => chosen.get(setting)),
    `must be different files: ${settings[twice]} is named twice`,
  );
}

/** 64 for a flag, else 78. */
function refusedAt(
  places: readonly (Given | undefined)[],
  what: string,
  hint?: string,
): QbatchError {
  const known = places.filter((given) => given !== undefined);
  const message = `${known.map(({ shown }) => shown).join(' and ')} ${what}`;
  return known.some(({ origin }) => origin === 'flag')
    ? new UsageError(message, hint)
    : new ConfigError(message, hint);
}
