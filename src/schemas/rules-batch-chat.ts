import { PROBLEM_CODES } from './codes.ts';
import { isNative } from './request-facts.ts';
import { ruleOf } from './rule.ts';
import type { Rule } from './rule.ts';
import { SOURCES } from './sources.ts';

/** Rules of the half-price host: it supports one protocol, and some models. */
export const BATCH_CHAT_RULES: readonly Rule[] = [
  ruleOf({
    id: 'batch-chat-native',
    on: null,
    when: (view) => view.batchChat,
    must: (view) => !isNative(view),
    place: { in: 'line', name: '' },
    found: () => 'the line makes a native call, which would go to Batch Chat',
    text: 'it has the OpenAI-compatible endpoint alone: write the line in that form, or use --protocol openai for flat lines',
    severity: 'error',
    source: SOURCES.batchChat,
  }),
  ruleOf({
    id: 'batch-chat-model',
    on: null,
    models: 'listed, but not for Batch Chat',
    when: (view) => view.batchChat && view.profile.known,
    must: (view) => view.profile.batchChat === true,
    place: { in: 'line', name: 'model' },
    found: (view) => `the model is ${view.model} and its call would go to Batch Chat`,
    text: 'this model is not on the list of those that it serves',
    severity: 'warning',
    code: PROBLEM_CODES.modelList,
    source: SOURCES.batchChat,
  }),
];
