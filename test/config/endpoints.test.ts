import { describe, expect, it } from 'vitest';

import { isModelStudio, regionOfUrl, resolveEndpoints } from '../../src/config/endpoints.ts';
import type { EndpointSettings, Endpoints } from '../../src/config/endpoints.ts';
import { ConfigError } from '../../src/errors.ts';
import { REGIONS } from '../../src/config/choices.ts';

function resolve(given: Partial<EndpointSettings>): Endpoints {
  return resolveEndpoints({
    region: 'beijing',
    baseUrl: undefined,
    compatibleBaseUrl: undefined,
    workspace: undefined,
    allowHttp: false,
    ...given,
  });
}

describe('regionOfUrl', () => {
  it.each([
    'http://127.0.0.1:8000/v1',
    'https://batch.dashscope.aliyuncs.com',
    'https://dashscope.aliyuncs.com.example',
  ])('%s: of no region', (url) => {
    expect(regionOfUrl(url)).toBeNull();
  });
});

describe('isModelStudio', () => {
  it.each([
    'https://dashscope.aliyuncs.com/api/v1',
    'https://dashscope-intl.aliyuncs.com/api/v1',
    'https://dashscope-finance.aliyuncs.com/api/v1',
    'https://cn-hongkong.dashscope.aliyuncs.com/api/v1',
    'https://batch.dashscope.aliyuncs.com/compatible-mode/v1',
    'https://vpc-cn-beijing.dashscope.aliyuncs.com/api/v1',
    'http://ep-2zei6917b47eed000000.dashscope.cn-beijing.privatelink.aliyuncs.com/api/v1',
    'https://llm-7fq2.ap-southeast-1.maas.aliyuncs.com/api/v1',
  ])('%s is', (dashscope) => {
    expect(isModelStudio({ dashscope })).toBe(true);
  });

  it.each([
    'http://127.0.0.1:8000/v1',
    'https://1234567.cn-beijing.pai-eas.aliyuncs.com/api/predict/qwen/v1',
    'https://dashscope.1234567.cn-beijing.pai-eas.aliyuncs.com/v1',
    'https://alb-8x.cn-hangzhou.alb.aliyuncs.com/v1',
    'https://dashscope.aliyuncs.com.example/v1',
    'https://dashscope.example/v1',
    'https://dashscopeproxy.aliyuncs.com/v1',
  ])('%s is not', (dashscope) => {
    expect(isModelStudio({ dashscope })).toBe(false);
  });
});

describe('resolveEndpoints: regions', () => {
  it.each([
    ['beijing', undefined, 'https://dashscope.aliyuncs.com'],
    ['singapore', undefined, 'https://dashscope-intl.aliyuncs.com'],
    ['virginia', undefined, 'https://dashscope-us.aliyuncs.com'],
    ['finance', undefined, 'https://dashscope-finance.aliyuncs.com'],
    ['beijing', 'llm-1', 'https://llm-1.cn-beijing.maas.aliyuncs.com'],
    ['singapore', 'llm-1', 'https://llm-1.ap-southeast-1.maas.aliyuncs.com'],
    ['virginia', 'llm-1', 'https://llm-1.us-east-1.maas.aliyuncs.com'],
    ['frankfurt', 'llm-1', 'https://llm-1.eu-central-1.maas.aliyuncs.com'],
    ['tokyo', 'llm-1', 'https://llm-1.ap-northeast-1.maas.aliyuncs.com'],
  ] as const)('%s, workspace %s: %s', (region, workspace, origin) => {
    expect(regionOfUrl(`${origin}/api/v1`)).toBe(region);
    const { dashscope, openai } = resolve({ region, workspace });
    expect(dashscope).toBe(`${origin}/api/v1`);
    expect(openai).toBe(`${origin}/compatible-mode/v1`);
  });

  it.each(['frankfurt', 'tokyo'] as const)('%s without a workspace is 78', (region) => {
    expect(() => resolve({ region })).toThrow(ConfigError);
    expect(() => resolve({ region })).toThrow(/needs a workspace/);
  });

  it('only finance has something to be told', () => {
    for (const region of REGIONS) {
      const { notes } = resolve({ region, workspace: region === 'finance' ? undefined : 'llm-1' });
      expect(notes.length > 0).toBe(region === 'finance');
    }
    expect(resolve({ region: 'finance' }).notes.join()).toMatch(/not officially confirmed/);
    expect(resolve({ region: 'finance', workspace: 'llm-1' })).toMatchObject({
      dashscope: 'https://dashscope-finance.aliyuncs.com/api/v1',
      notes: [expect.any(String), expect.stringContaining('no effect')],
    });
  });
});

describe('resolveEndpoints: base URLs', () => {
  const local = 'http://127.0.0.1:8000';

  it.each([
    [{ baseUrl: `${local}/api/v1` }, `${local}/api/v1`, `${local}/compatible-mode/v1`],
    [
      { compatibleBaseUrl: `${local}/compatible-mode/v1` },
      `${local}/api/v1`,
      `${local}/compatible-mode/v1`,
    ],
    [{ baseUrl: `${local}/compatible-mode/v1` }, `${local}/api/v1`, `${local}/compatible-mode/v1`],
    [
      { baseUrl: `${local}/gateway/api/v1` },
      `${local}/gateway/api/v1`,
      `${local}/gateway/compatible-mode/v1`,
    ],
    [{ baseUrl: local }, `${local}/api/v1`, `${local}/compatible-mode/v1`],
    [{ compatibleBaseUrl: local }, `${local}/api/v1`, `${local}/compatible-mode/v1`],
    [{ baseUrl: `${local}/v1` }, `${local}/v1`, `${local}/v1`],
    [{ compatibleBaseUrl: `${local}/v1` }, `${local}/v1`, `${local}/v1`],
    [
      { baseUrl: 'https://a.example.com/api/v1', compatibleBaseUrl: `${local}/v1` },
      'https://a.example.com/api/v1',
      `${local}/v1`,
    ],
    [
      { baseUrl: 'https://a.example.com', compatibleBaseUrl: local },
      'https://a.example.com/api/v1',
      `${local}/compatible-mode/v1`,
    ],
    [
      { baseUrl: `${local}/api/v1`, region: 'tokyo' },
      `${local}/api/v1`,
      `${local}/compatible-mode/v1`,
    ],
  ] as const)('%j', (given, dashscope, openai) => {
    expect(resolve(given)).toMatchObject({ dashscope, openai });
  });

  it('one base URL that names no protocol is told to serve both', () => {
    expect(resolve({ baseUrl: `${local}/v1` }).notes).toEqual([
      expect.stringContaining(`${local}/v1`),
    ]);
    expect(resolve({ baseUrl: `${local}/api/v1` }).notes).toEqual([]);
  });

  it('never falls back to a service that was not named', () => {
    for (const given of [
      { baseUrl: `${local}/v1` },
      { compatibleBaseUrl: local },
      { baseUrl: `${local}/api/v1` },
    ]) {
      expect(JSON.stringify(resolve(given))).not.toContain('aliyuncs');
    }
  });
});

describe('resolveEndpoints: plain http', () => {
  it.each([
    'http://127.0.0.1',
    'http://127.8.9.1:80',
    'http://localhost:8000/v1',
    'http://[::1]:8000/v1',
    'http://127.1:8000',
  ])('%s is this machine', (baseUrl) => {
    expect(() => resolve({ baseUrl })).not.toThrow();
  });

  it.each([
    'http://10.0.0.7/v1',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'http://0.0.0.0:8000',
    'http://dashscope.aliyuncs.com/api/v1',
    'http://[::2]',
  ])('%s is 78, with --allow-http a note', (url) => {
    for (const given of [
      { baseUrl: url },
      { compatibleBaseUrl: url },
      { baseUrl: 'https://a.example.com', compatibleBaseUrl: url },
    ]) {
      expect(() => resolve(given)).toThrow(ConfigError);
      expect(() => resolve(given)).toThrow(/plain http/);
      expect(resolve({ ...given, allowHttp: true }).notes.at(-1)).toMatch(/plain http/);
    }
  });
});
