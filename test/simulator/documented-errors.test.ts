import { describe, expect, test } from 'vitest';
import { refusalTo, withSimulator } from '../agreement/refusals.ts';
import type { Refusal } from '../agreement/refusals.ts';
import { CONTRACT_RULES, NO_CONTRACT } from '../helpers/contract-errors.ts';
import type { ContractRule } from '../helpers/contract-errors.ts';

const TEXT = '/api/v1/services/aigc/text-generation/generation';
const CHAT = '/compatible-mode/v1/chat/completions';

/** Codes of a task that failed, told behind a 200: no call is answered with them. */
const OF_TASKS = [
  'FILE_403_FORBIDDEN',
  'FILE_DOWNLOAD_FAILED',
  'FILE_SERVER_ERROR',
  'FILE_TRANS_TASK_EXPIRED',
  'SUCCESS_WITH_NO_VALID_FRAGMENT',
];

/** Codes of the contract that have a status; `*` alone is a rule of the status and no code. */
const withStatus = CONTRACT_RULES.filter(({ status, code }) => status !== null && code !== '*');
const codes = [...new Set(withStatus.map(({ code }) => code))].filter(
  (code) => !OF_TASKS.includes(code),
);

const rulesOf = (code: string): readonly ContractRule[] =>
  withStatus.filter((rule) => rule.code === code);

/** `xxx` and `%s` stand for anything, `…` for the rest of the text. */
function isText(example: string, message: string): boolean {
  const escaped = example.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
  const pattern = escaped.replaceAll(/xxx|%s|[ ,.\\]*…/g, '.*');
  return new RegExp(`^${pattern}$`).test(message.trim());
}

type Pair = { readonly code: string; readonly replies: readonly (Refusal | null)[] };

/** What each code is answered with when it is asked for, natively and OpenAI-compatible. */
async function askForAll(): Promise<readonly Pair[]> {
  return withSimulator((simulator) =>
    Promise.all(
      codes.map(async (code) => {
        const error = code.replace('*', 'Resolution');
        const messages = [{ role: 'user', content: `Hi [[simulate: error="${error}"]]` }];
        const native = JSON.stringify({ model: 'qwen-plus', input: { messages } });
        const chat = JSON.stringify({ model: 'qwen-plus', messages });
        return {
          code,
          replies: [
            await refusalTo(simulator, TEXT, native),
            await refusalTo(simulator, CHAT, chat),
          ],
        };
      }),
    ),
  );
}

describe.skipIf(CONTRACT_RULES.length === 0)(
  `[[simulate: error=CODE]] for every code of the contract${CONTRACT_RULES.length === 0 ? ` (${NO_CONTRACT})` : ''}`,
  () => {
    test('what is left out: codes of tasks, and nothing else', () => {
      const tasks = withStatus.filter(({ status }) => status === 200).map(({ code }) => code);
      expect(tasks.toSorted()).toEqual(OF_TASKS);
      expect(codes.length).toBeGreaterThan(80);
    });

    test('in both protocols: a status that the contract has for the code', async () => {
      const wrong = (await askForAll()).flatMap(({ code, replies }) =>
        replies
          .filter((reply) => !rulesOf(code).some(({ status }) => status === reply?.status))
          .map((reply) => `${code} ${reply?.status}`),
      );
      expect(wrong).toEqual([]);
    });

    test('in one protocol at least: the documented text of the code, where there is one', async () => {
      const wrong = (await askForAll()).flatMap(({ code, replies }) => {
        const general = rulesOf(code).filter(({ message_pattern: pattern }) => pattern === null);
        const texts = general.flatMap(({ example }) => example?.split(' / ') ?? []);
        const shown = replies.map((reply) => reply?.message ?? '');
        const isShown = shown.some((message) => texts.some((text) => isText(text, message)));
        return texts.length === 0 || isShown ? [] : [`${code}: ${shown.join(' / ')}`];
      });
      expect(wrong).toEqual([]);
    });
  },
);
