import { describe, expect, test } from 'vitest';
import { CONTRACT_RULES, NO_CONTRACT } from '../helpers/contract-errors.ts';
import type { ContractRule } from '../helpers/contract-errors.ts';
import { BREAKS, brokenLines, SIMULATOR_ALONE } from './breaks.ts';
import { refusalOf, refusalTo, withSimulator } from './refusals.ts';
import type { Refusal } from './refusals.ts';

const TEXT = '/api/v1/services/aigc/text-generation/generation';
const CHAT = '/compatible-mode/v1/chat/completions';
const USER = [{ role: 'user', content: 'Hi' }];

type Gate = readonly [path: string, body: string, headers?: Readonly<Record<string, string>>];

const gate = (path: string, body: object, headers = {}): Gate => [
  path,
  JSON.stringify(body),
  headers,
];

/** Requests that no line of an input can become, or that only the gateway refuses. */
const GATES: readonly Gate[] = [
  [TEXT, '{"model":'],
  gate(TEXT, { model: 'qwen-plus' }),
  gate(TEXT, { model: 'qwen-plus', input: 'Hi' }),
  gate(TEXT, { model: 'qwen-plus', messages: USER }),
  gate(TEXT, { input: { messages: USER } }),
  gate(CHAT, { messages: USER }),
  gate(TEXT, { model: 'no-such-model', input: { messages: USER } }),
  gate(CHAT, { model: 'no-such-model', messages: USER }),
  gate(TEXT, { model: 'qwen-plus', input: { prompt: 'Hi', messages: [] } }),
  gate(TEXT, { model: 'qwen-plus', input: { messages: USER } }, { 'x-dashscope-async': 'enable' }),
  gate(TEXT, {
    model: 'qwen-plus',
    input: { messages: [{ role: 'user', content: 'a'.repeat(6_291_456) }] },
  }),
  gate(TEXT, {
    model: 'qwen-long',
    input: {
      messages: [
        {
          role: 'system',
          content: `fileid://${Array.from({ length: 101 }, (_, at) => `file-fe-${at}`).join(',')}`,
        },
        ...USER,
      ],
    },
  }),
  gate(TEXT, {
    model: 'qwen-mt-plus',
    input: { messages: USER },
    parameters: {
      enable_search: true,
      translation_options: { source_lang: 'auto', target_lang: 'English' },
    },
  }),
  gate('/api/v1/services/aigc/text2image', {}),
];

const MEDIA = 'it fetches no media';
const FILES = 'it keeps no files and no tasks';
const OTHERS = 'of another service than text generation';
const OPEN = 'when the service says so is not documented';

/** Rules that no request makes the simulator answer with, by code and pattern. */
const NOT_SIMULATED: Readonly<Record<string, string>> = {
  'InvalidParameter model not exist': 'an older text; the simulator has the code ModelNotFound',
  'InvalidParameter failed to find the requested media resource|authorization to access the media':
    MEDIA,
  'InvalidParameter repetitive tool calls': OPEN,
  'InvalidParameter invalid file \\[id|file \\[id:': FILES,
  'InvalidParameter.DataInspection null': MEDIA,
  'InternalError.Algo missing content-length|embedding_pipeline_error|inference error: inference error':
    MEDIA,
  'AccessDenied does not support synchronous calls': OTHERS,
  'AccessDenied policy expired': FILES,
  'BadRequest.EmptyParameters null': OPEN,
  'BadRequest.UnsupportedFileFormat null': FILES,
  'BadRequest.ResourceNotExist null': FILES,
  'BadRequest.TooMany null': FILES,
  'BadRequest.TooLarge null': 'the gateway’s limit of 64 MiB is tried in test/simulator',
  'BadRequest.VoiceNotFound null': OTHERS,
  'BadRequestException null': OPEN,
  'UnsupportedOperation null': FILES,
  'FlowNotPublished null': OTHERS,
  'ClientDisconnect null': 'not about the request',
  'InvalidURL null': MEDIA,
  'InvalidURL.ConnectionRefused null': MEDIA,
  'InvalidImageResolution null': MEDIA,
  'InvalidImageFormat null': MEDIA,
  'InvalidSchema null': OTHERS,
  'InvalidSchemaFormat null': OTHERS,
  'InvalidInputLength null': MEDIA,
  'InvalidGarment null': OTHERS,
  'InvalidPerson null': OTHERS,
  'InvalidFile.* null': FILES,
  'InvalidImage.* null': MEDIA,
  'Conflict null': OTHERS,
  'WorkSpaceNotFound null': 'it has no workspaces',
  'Throttling.AllocationQuota null': OTHERS,
  'Throttling.AllocationQuota voice(-clone)? voice limit|voice storage limit': OTHERS,
  'Throttling fine-?tune job': OTHERS,
};

function isAboutRequests({ status, code, surface, class: kind }: ContractRule): boolean {
  const isRefusal = kind === 'bad_request' || kind === 'not_found';
  return isRefusal && surface === undefined && status !== null && status !== 200 && code !== '*';
}

function isMet(rule: ContractRule, { status, code, message }: Refusal): boolean {
  const hasCode = code === rule.code || code === rule.openai_code;
  const pattern = new RegExp(rule.message_pattern ?? '', 'i');
  return status === rule.status && hasCode && pattern.test(message);
}

describe.skipIf(CONTRACT_RULES.length === 0)(
  `every refusal of the contract${CONTRACT_RULES.length === 0 ? ` (${NO_CONTRACT})` : ''}`,
  () => {
    test('is made by the simulator in the contract’s status, code and words, or is listed with the reason', async () => {
      const made = await withSimulator((simulator) =>
        Promise.all([
          ...[...BREAKS, ...SIMULATOR_ALONE]
            .flatMap((rule) => brokenLines(rule))
            .map((draft) => refusalOf(simulator, draft)),
          ...GATES.map(([path, body, headers]) => refusalTo(simulator, path, body, headers)),
        ]),
      );
      const refusals = made.filter((refusal) => refusal !== null);
      expect(refusals).toHaveLength(made.length);
      const missing = CONTRACT_RULES.filter(isAboutRequests)
        .filter((rule) => !refusals.some((refusal) => isMet(rule, refusal)))
        .map(({ code, message_pattern: pattern }) => `${code} ${pattern}`);
      expect([...new Set(missing)].toSorted()).toEqual(Object.keys(NOT_SIMULATED).toSorted());
    });
  },
);
