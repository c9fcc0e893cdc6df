import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { DOCUMENTED_REPLIES } from './documented-replies.ts';
import { documentedRequests, exampleIds, exampleNames, refusedNames } from './examples.ts';

type Row = {
  readonly example: string;
  readonly protocol: string;
  readonly endpoint: string;
  readonly state: string;
};

function rowsOf(page: string): readonly Row[] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| ') && line.includes(']('));
  return rows.map((line) => {
    const cells = line.split('|').map((cell) => cell.trim());
    const [, mode, example = '', protocol = '', endpoint = '', state = ''] = cells;
    expect(mode).not.toBe('');
    const link = /^\[(?<name>.+)\]\(\.\.\/fixtures\/modes\/\k<name>\.jsonl\)$/.exec(example);
    return { example: link?.groups?.['name'] ?? example, protocol, endpoint, state };
  });
}

/** The row that an example must have: its protocols and endpoints, and what the tests here show of it. */
function rowOf(name: string): Row {
  const paths = documentedRequests(name).map(({ path }) => path);
  const native = ['text-generation', 'multimodal-generation'].filter((endpoint) =>
    paths.includes(`/api/v1/services/aigc/${endpoint}/generation`),
  );
  const chat = paths.includes('/compatible-mode/v1/chat/completions') ? ['chat/completions'] : [];
  const isReplied = DOCUMENTED_REPLIES.some(({ id }) => exampleIds(name).includes(id));
  return {
    example: name,
    protocol: [
      ...(native.length > 0 ? ['native'] : []),
      ...(chat.length > 0 ? ['OpenAI-compatible'] : []),
    ].join(', '),
    endpoint: [...native, ...chat].map((endpoint) => `\`${endpoint}\``).join(', '),
    state: ['wire', 'simulator', ...(isReplied ? ['reply'] : [])].join(', '),
  };
}

function refusedRow(name: string): Row {
  return {
    example: `${name}.invalid`,
    protocol: 'native, OpenAI-compatible',
    endpoint: '-',
    state: 'refused',
  };
}

const byExample = (one: Row, other: Row): number => (one.example < other.example ? -1 : 1);

describe.each(['modes.md', 'modes.zh-CN.md'])('docs/%s', (page) => {
  test('every example has its row, every row its example, and says what the tests show', () => {
    const wanted = [...exampleNames().map(rowOf), ...refusedNames().map(refusedRow)];
    expect(rowsOf(page).toSorted(byExample)).toEqual(wanted.toSorted(byExample));
  });

  test('both languages list the modes in the same order', () => {
    expect(rowsOf(page)).toEqual(rowsOf('modes.md'));
  });
});

describe('the modes that the reference names', () => {
  /** Tabs of the reference and the modes that its later pages add, each with the example that shows it. */
  const OF_THE_REFERENCE = [
    'text',
    'stream-incremental',
    'stream-cumulative',
    'image',
    'video-file',
    'video-frames',
    'audio',
    'web-search',
    'tool-call',
    'tool-calls-parallel',
    'tool-results',
    'ocr-tasks',
    'deep-research',
    'file-ids',
    'document-parts',
    'partial',
    'thinking',
    'thinking-only',
    'json-object',
    'json-schema',
    'logprobs',
    'several-choices',
    'code-interpreter',
    'translation',
    'speech-recognition',
    'content-inspection',
  ];

  test('each has an example', () => {
    expect(exampleNames()).toEqual(OF_THE_REFERENCE.toSorted());
  });
});
