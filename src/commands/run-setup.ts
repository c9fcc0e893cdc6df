import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readApiKey } from '../config/api-key.ts';
import { resolveSettings } from '../config/config.ts';
import { isBatchChat, regionOfUrl, resolveEndpoints } from '../config/endpoints.ts';
import { ConfigError } from '../errors.ts';
import type { JobEndpoint } from '../ledger/records.ts';
import type { LineDefaults } from '../input/request-parts.ts';
import { type Catalog, loadCatalog } from '../models/catalog.ts';
import { type Currency, defaultCurrency, type Scope, scopeOf } from '../models/scope.ts';
import type { GivenFlags } from '../command-line/parsed-command.ts';
import { durationText } from '../reporters/duration-text.ts';
import type { Region, ResolvedSettings, Settings, SimulatorSpec } from '../settings.ts';
import type { CommandIo } from './io.ts';

/** Merged settings of a run, and what follows from them alone. */
export type RunSetup = ResolvedSettings & {
  readonly catalog: Catalog;
  readonly scope: Scope;
  readonly defaults: LineDefaults;
};

/**
 * Reads the user's catalog file, if set, relative to the working folder. Throws 78 with its path: it may come from a
 * configuration file.
 */
export function openCatalog(path: string | undefined, io: Pick<CommandIo, 'cwd'>): Catalog {
  if (path === undefined) return loadCatalog();
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(resolve(io.cwd, path), 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new ConfigError(
      `cannot read the catalog ${path}: ${(error as Error).message}`,
      'give a JSON file with --catalog',
      error,
    );
  }
  try {
    return loadCatalog(content);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const message = error.message.replace(/^catalog file:/, () => `catalog file ${path}:`);
    throw new ConfigError(message, error.hint, error);
  }
}

/** Defaults for lines that lack their own values. */
export function lineDefaults(settings: Settings, catalog: Catalog, scope: Scope): LineDefaults {
  const { model, system, protocol, set, strict } = settings;
  return { model, system, protocol, set, strict, catalog, scope, batchChat: isBatchChat(settings) };
}

/** Resolves flags, environment and files into everything a run needs except its input. */
export function setUpRun(flags: GivenFlags, io: CommandIo): RunSetup {
  const resolved = resolveSettings({ flags, env: io.env, cwd: io.cwd, home: io.home });
  const settings = { ...resolved.settings, region: regionOf(resolved) };
  const catalog = openCatalog(settings.catalog, io);
  const scope = scopeOf(settings.region);
  return {
    ...resolved,
    settings,
    catalog,
    scope,
    defaults: lineDefaults(settings, catalog, scope),
  };
}

/**
 * The region whose prices and limits apply: the named one, else that of the base URL. Throws ConfigError (78) if both are
 * given and differ: reported costs would be wrong.
 */
function regionOf({ settings, origins }: ResolvedSettings): Region {
  const { region, baseUrl, compatibleBaseUrl } = settings;
  const url = baseUrl ?? compatibleBaseUrl;
  const ofUrl = url === undefined ? null : regionOfUrl(url);
  const named = origins.get('region');
  if (ofUrl === null || ofUrl === region) return region;
  if (named === undefined || named === 'default') return ofUrl;
  throw new ConfigError(
    `${url} belongs to the region ${ofUrl}, but the region is set to ${region} (${named})`,
    `leave one of the two out, or give --region ${ofUrl}`,
  );
}

/** The currency of a job: as requested, else dollars if the scope has dollar prices, else yuan. */
export function currencyOf(settings: Settings, scope: Scope, catalog: Catalog): Currency {
  if (settings.currency !== undefined) return settings.currency;
  const preferred = defaultCurrency(scope);
  if (preferred === 'CNY') return preferred;
  const listed = catalog.ids().some((id) => catalog.offer(id, scope, 'USD') !== null);
  return listed ? preferred : 'CNY';
}

/** Where a run's calls go, what serves them, and the key. */
export type Service = {
  readonly endpoint: JobEndpoint;
  readonly apiKey: string;
  /** Shown at the start: the base URL or `simulator`. */
  readonly shown: string;
  readonly notes: readonly string[];
  close(): Promise<void>;
};

/**
 * Not a real key: the simulator accepts any. Must not be a word that answers could contain, since it is redacted as keys
 * are.
 */
const SIMULATOR_KEY = 'sk-the-simulator-takes-any-key';

/** A longer latency is reported: `latency=500` may be meant in milliseconds, and delays the first answer by eight minutes. */
const LATENCY_TOLD_FROM_MS = 60_000;

function simulatorNotes({ latencyMs }: SimulatorSpec): readonly string[] {
  if (latencyMs < LATENCY_TOLD_FROM_MS) return [];
  const seconds = latencyMs / 1000;
  return [
    `the simulator takes ${durationText(latencyMs)} for each answer: latency=${seconds} means seconds; for milliseconds write latency=${seconds}ms`,
  ];
}

/** Resolves the service and the key, or starts the simulator on loopback. Throws 78. */
export async function openService(
  settings: Settings,
  scope: Scope,
  io: CommandIo,
): Promise<Service> {
  const { region } = settings;
  if (settings.simulate === undefined) {
    const { dashscope, openai, notes } = resolveEndpoints(settings);
    const apiKey = readApiKey(io);
    return {
      endpoint: { region, dashscope, openai, scope },
      apiKey,
      shown: dashscope,
      notes,
      close: () => Promise.resolve(),
    };
  }
  const { startSimulator } = await import('../simulator/server.ts');
  const simulator = await startSimulator({ spec: settings.simulate });
  return {
    endpoint: { region, dashscope: simulator.baseUrl, openai: simulator.compatibleBaseUrl, scope },
    apiKey: SIMULATOR_KEY,
    shown: 'simulator',
    notes: simulatorNotes(settings.simulate),
    close: () => simulator.close(),
  };
}
