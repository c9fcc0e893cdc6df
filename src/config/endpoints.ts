import { isIPv4 } from 'node:net';

import { ConfigError } from '../errors.ts';
import type { Region, Settings } from '../settings.ts';

/** Where calls go: base URLs without a trailing slash, and notes for the user. */
export type Endpoints = {
  readonly dashscope: string;
  readonly openai: string;
  readonly notes: readonly string[];
};

/** The settings that decide where calls go. */
export type EndpointSettings = Pick<
  Settings,
  'region' | 'baseUrl' | 'compatibleBaseUrl' | 'workspace' | 'allowHttp'
>;

type RegionHosts = {
  /** The public host; null: the region has only workspace hosts. */
  readonly host: string | null;
  /** Domain of the workspace hosts; null: none documented. */
  readonly workspaceZone: string | null;
};

/**
 * Hosts by region. Source: Model Studio's API reference and regions page, read 2025-11 to 2026-05
 * (service contract 1.1). The finance host is from community sources and not officially confirmed.
 */
const HOSTS: Readonly<Record<Region, RegionHosts>> = {
  beijing: { host: 'dashscope.aliyuncs.com', workspaceZone: 'cn-beijing.maas.aliyuncs.com' },
  singapore: {
    host: 'dashscope-intl.aliyuncs.com',
    workspaceZone: 'ap-southeast-1.maas.aliyuncs.com',
  },
  virginia: { host: 'dashscope-us.aliyuncs.com', workspaceZone: 'us-east-1.maas.aliyuncs.com' },
  finance: { host: 'dashscope-finance.aliyuncs.com', workspaceZone: null },
  frankfurt: { host: null, workspaceZone: 'eu-central-1.maas.aliyuncs.com' },
  tokyo: { host: null, workspaceZone: 'ap-northeast-1.maas.aliyuncs.com' },
};

/** The region of a base URL of the service; null: another host, or not a regional one. */
export function regionOfUrl(url: string): Region | null {
  const { hostname } = new URL(url);
  const found = Object.entries(HOSTS).find(
    ([, { host, workspaceZone }]) =>
      hostname === host || (workspaceZone !== null && hostname.endsWith(`.${workspaceZone}`)),
  );
  return found === undefined ? null : (found[0] as Region);
}

const NATIVE_PATH = '/api/v1';
const COMPATIBLE_PATH = '/compatible-mode/v1';

/**
 * The base URLs of both protocols. A given base URL wins over the region. If only one is given the other never falls back
 * to the region's host, so that no call goes to a service that was not named: it is derived on the same origin, or is the
 * same URL.
 *
 * Throws ConfigError (78) for a region without the workspace it needs, and for plain http to another machine without
 * `--allow-http`.
 */
export function resolveEndpoints(settings: EndpointSettings): Endpoints {
  const { baseUrl, compatibleBaseUrl } = settings;
  const endpoints =
    baseUrl === undefined && compatibleBaseUrl === undefined
      ? fromRegion(settings)
      : fromBaseUrls(baseUrl, compatibleBaseUrl);
  const plain = [endpoints.dashscope, endpoints.openai].filter(isPlainHttpElsewhere);
  if (plain.length === 0) return endpoints;
  if (!settings.allowHttp) {
    throw new ConfigError(
      `${plain[0]} is plain http to another machine: the key and all prompts could be read on the way`,
      'use https, or accept it with --allow-http',
    );
  }
  const note = `plain http to ${new URL(plain[0] ?? '').host}: the key can be read on the way`;
  return { ...endpoints, notes: [...endpoints.notes, note] };
}

/** Source: help.aliyun.com/zh/model-studio/openai-compatible-batch-chat, mid-2026. */
const BATCH_CHAT_HOST = 'batch.dashscope.aliyuncs.com';

/** Whether every call goes to Batch Chat, at half the list price; false on the simulator. */
export function isBatchChat(
  settings: Pick<Settings, 'baseUrl' | 'compatibleBaseUrl' | 'simulate'>,
): boolean {
  const { baseUrl, compatibleBaseUrl, simulate } = settings;
  const given = [baseUrl, compatibleBaseUrl].filter((url) => url !== undefined);
  return (
    simulate === undefined &&
    given.length > 0 &&
    given.every((url) => new URL(url).hostname === BATCH_CHAT_HOST)
  );
}

function fromRegion({ region, workspace }: EndpointSettings): Endpoints {
  const { host, workspaceZone } = HOSTS[region];
  const notes: string[] = [];
  if (region === 'finance') {
    notes.push(`the host of the finance region, ${host}, is not officially confirmed`);
    if (workspace !== undefined)
      notes.push('--workspace has no effect: the finance region has no workspace hosts');
  }
  const chosen =
    workspace === undefined || workspaceZone === null ? host : `${workspace}.${workspaceZone}`;
  if (chosen === null) {
    throw new ConfigError(
      `the region ${region} needs a workspace: its hosts are named after one`,
      'give --workspace ID (the id is shown in the Model Studio console)',
    );
  }
  const origin = `https://${chosen}`;
  return { dashscope: origin + NATIVE_PATH, openai: origin + COMPATIBLE_PATH, notes };
}

function fromBaseUrls(native: string | undefined, compatible: string | undefined): Endpoints {
  if (native !== undefined && compatible !== undefined) {
    const dashscope = isBareOrigin(native) ? native + NATIVE_PATH : native;
    const openai = isBareOrigin(compatible) ? compatible + COMPATIBLE_PATH : compatible;
    return { dashscope, openai, notes: [] };
  }
  const given = native ?? compatible ?? '';
  const root = rootOf(given);
  if (root === undefined) {
    const note = `native and OpenAI-compatible calls both go to ${given}, the only base URL given`;
    return { dashscope: given, openai: given, notes: [note] };
  }
  return { dashscope: root + NATIVE_PATH, openai: root + COMPATIBLE_PATH, notes: [] };
}

/** The part before either protocol's path; undefined if the URL ends in neither. */
function rootOf(url: string): string | undefined {
  for (const path of [NATIVE_PATH, COMPATIBLE_PATH]) {
    if (url.endsWith(path)) return url.slice(0, -path.length);
  }
  return isBareOrigin(url) ? url : undefined;
}

function isBareOrigin(url: string): boolean {
  return new URL(url).pathname === '/';
}

function isPlainHttpElsewhere(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !isLoopback(hostname);
}

/** By name or number; `hostname` is normalized by URL, so `127.1` is already `127.0.0.1`. */
export function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  return isIPv4(hostname) && hostname.startsWith('127.');
}

/**
 * A label in the name of every host of the service: `dashscope-intl.aliyuncs.com`, `vpc-cn-beijing.dashscope.…`,
 * `ep-….dashscope.cn-beijing.privatelink.…`, `{workspace}.cn-beijing.maas.…`. Source: Model Studio's pages on base URLs and
 * PrivateLink, mid-2026.
 */
const SERVICE_LABEL = /^(?:dashscope|maas)(?:-|$)/;

/**
 * Whether calls go to Model Studio itself, not to a self-hosted server (vLLM and the like), which may be on Alibaba Cloud
 * too: `….pai-eas.aliyuncs.com`.
 */
export function isModelStudio({ dashscope }: Pick<Endpoints, 'dashscope'>): boolean {
  const { hostname } = new URL(dashscope);
  if (!hostname.endsWith('.aliyuncs.com')) return false;
  const labels = hostname.split('.');
  return !labels.includes('pai-eas') && labels.some((label) => SERVICE_LABEL.test(label));
}
