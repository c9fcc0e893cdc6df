import type { Answer } from './answer-shape.ts';
import { promptOf } from './answer.ts';
import { nativeFrame } from './native-wire.ts';
import type { JsonObject, SimulatedRequest } from './request.ts';
import { languageOf, PHRASES, quoteFrom } from './sentences.ts';
import { splitTokens } from './tokens.ts';

type Step = {
  readonly phase: 'ResearchPlanning' | 'WebResearch' | 'KeepAlive' | 'answer';
  readonly status: string;
  readonly content: string;
  readonly extra: JsonObject;
};

function step(phase: Step['phase'], status: string, content = '', extra: JsonObject = {}): Step {
  return { phase, status, content, extra };
}

function textSteps(phase: Step['phase'], text: string): readonly Step[] {
  const pieces = splitTokens(text);
  const steps: Step[] = [];
  const size = Math.max(8, Math.ceil(pieces.length / 500));
  for (let at = 0; at < pieces.length; at += size) {
    steps.push(step(phase, 'typing', pieces.slice(at, at + size).join('')));
  }
  return steps;
}

function researchSteps(quote: string, report: string): readonly Step[] {
  const site = {
    title: quote,
    description: quote,
    favicon: '',
    url: 'https://example.com/research',
  };
  const reference = { index_number: 1, title: quote, url: site.url, icon: '', description: quote };
  const goal = { id: 1, query: quote, researchGoal: quote };
  return [
    ...textSteps('ResearchPlanning', PHRASES[languageOf(quote)].thoughts.join('')),
    step('ResearchPlanning', 'finished'),
    step('WebResearch', 'streamingQueries', '', { research: goal }),
    step('KeepAlive', 'typing'),
    step('WebResearch', 'streamingWebResult', '', { research: { id: 1, webSites: [site] } }),
    step('WebResearch', 'streamingThinking', '', { research: { id: 1, learningMap: {} } }),
    step('WebResearch', 'WebResultFinished', '', { research: { id: 1 } }),
    step('WebResearch', 'finished'),
    step('KeepAlive', 'typing'),
    step('answer', 'typing', '', { references: [reference] }),
    ...textSteps('answer', report),
    step('answer', 'finished'),
  ];
}

/** The frames of a deep research call, and their number of output tokens. */
export type ResearchStream = { readonly frames: readonly string[]; readonly output: number };

/**
 * The stream of `qwen-deep-research`: a single user message is answered with a question; after question and reply (three
 * messages), or with `enable_feedback: false`, the research runs through its phases to the report. Field names are the
 * recorded ones, including the misspelt `fininshed`. The last frame has phase `answer` and status `finished`.
 */
export function researchStream(
  request: SimulatedRequest,
  answer: Answer,
  requestId: string,
): ResearchStream {
  const quote = quoteFrom(promptOf(request), 24);
  // The sources disagree on where the option belongs.
  const places = [request.parameters, request.input, request.body];
  const isUnasked = places.some((place) => place?.['enable_feedback'] === false);
  const isSecondCall = isUnasked || request.messages.some(({ role }) => role === 'assistant');
  const report = answer.choices[0]?.content.join('') ?? '';
  const question = PHRASES[languageOf(quote)].clarify.replace('{quote}', () => quote);
  const steps = isSecondCall
    ? researchSteps(quote, report)
    : [...textSteps('answer', question), step('answer', 'finished')];
  let output = 0;
  const frames = steps.map(({ phase, status, content, extra }, index) => {
    output += splitTokens(content).length;
    const message = { phase, role: 'assistant', content, extra: { deep_research: extra }, status };
    return nativeFrame(index + 1, 200, {
      output: { message, fininshed: false, fininshed_reason: 'null' },
      usage: { input_tokens: answer.usage.input, output_tokens: output },
      request_id: requestId,
    });
  });
  return { frames, output };
}
